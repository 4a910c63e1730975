import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Script } from 'node:vm';
import { buildSync } from 'esbuild';
import * as tsParser from '@typescript-eslint/parser';
import { ESLint, Linter } from 'eslint';
import { ESLint as ESLint9, Linter as Linter9 } from 'eslint-9';
import rxjsX from 'eslint-plugin-rxjs-x';
import plugin, { configs, rules } from '../../../lib/eslint/index.js';
import { cases } from './lostCancelCases.js';

type Options = Record<string, unknown>;
type Rule = keyof typeof rules;

const linters = [new Linter(), new Linter9() as unknown as Linter];

/** What a rule reports, as the words of its messages, in both versions of ESLint. */
function lint(
  rule: Rule,
  code: string,
  { settings, options, file = 'file.ts' }: { settings?: Options; options?: Options; file?: string } = {},
): string[] {
  const [ten, nine] = linters.map((linter) =>
    linter
      .verify(
        code,
        [
          {
            files: ['**/*.{js,ts}'],
            languageOptions: {
              ...(file.endsWith('.ts') && { parser: tsParser }),
              sourceType: file.endsWith('.cjs.js') ? 'commonjs' : 'module',
            },
            plugins: { 'rxjs-ctx': plugin },
            rules: { [`rxjs-ctx/${rule}`]: options ? ['error', options] : 'error' },
            ...(settings && { settings }),
          },
        ] as never,
        file,
      )
      .map(({ message, line }) => `${line}: ${message}`),
  );
  expect(nine).toEqual(ten);
  return ten!;
}

const imports = "import { withCancel, withTimeout, withDeadline, withCancelOn } from 'rxjs-ctx';\n";
const lost = (body: string) => lint('no-lost-cancel', `${imports}export function f(c) {\n${body}\n}`);

describe('no-lost-cancel', () => {
  for (const { name, js, lost: expected } of cases) {
    it(`${expected ? 'reports' : 'lets pass'}: ${name}`, () => {
      const found = lost(js);
      expect(found.length)
        .withContext(`${js}\n${found.join('\n')}`)
        .toBe(expected ? 1 : 0);
    });
  }

  it("agrees with Go's lostcancel in every case", () => {
    if (spawnSync('go', ['version']).status !== 0) {
      pending('NOT RUN: there is no go on this machine');
      return;
    }
    expect(cases.length).toBeGreaterThan(40);
    const dir = path.join('build', 'lostcancel', String(process.pid));
    mkdirSync(dir, { recursive: true });
    try {
      const head = [
        'package cases',
        'import ("context"; "time")',
        'var _ = time.Second',
        'func cond() bool { return time.Now().Unix() > 1 }',
        'func num() int { return 1 }',
        'func list() []int { return nil }',
        'func keep(x interface{}) {}',
        'func use(x interface{}) {}',
        'func stop(f func()) bool { f(); return true }',
        'func work(c context.Context) {}',
      ];
      const starts: number[] = [];
      for (const [index, { go }] of cases.entries()) {
        starts.push(head.length + 1);
        head.push(`func case${index}(c context.Context) {`, ...go.split('\n'), '}');
      }
      writeFileSync(path.join(dir, 'go.mod'), 'module cases\n');
      writeFileSync(path.join(dir, 'cases.go'), head.join('\n'));
      const { stderr } = spawnSync('go', ['vet', '-lostcancel', './...'], { cwd: dir, encoding: 'utf8' });
      const lines = [...stderr.matchAll(/cases\.go:(\d+):\d+: the cancel/g)].map(([, line]) => Number(line));
      const verdicts = cases.map((_, index) =>
        lines.some((line) => line >= starts[index]! && line < (starts[index + 1] ?? Infinity)),
      );
      expect(stderr).not.toMatch(/syntax error|undeclared|declared (and|but) not used/);
      expect(cases.filter(({ lost }, index) => lost !== verdicts[index]).map(({ name }) => name)).toEqual([]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }, 120_000);

  const discarded = [
    'withCancel(c);',
    'void withCancel(c);',
    'const ctx = withCancel(c)[0]; use(ctx);',
    'const { 0: ctx } = withCancel(c); use(ctx);',
    'use(withTimeout(c, 5)[0]);',
    'withCancel(c), use(c);',
    'const [ctx] = c ? withCancel(c) : withTimeout(c, 5); use(ctx);',
    'const [ctx] = (withCancel(c) as never); use(ctx);',
    'const [ctx, ] = withCancel(c); use(ctx);',
  ];
  for (const code of discarded) {
    it(`reports what is thrown away: ${code}`, () => {
      expect(lost(code).join()).toMatch(/The cancel function of with(Cancel|Timeout) is thrown away/);
    });
  }

  const fine = [
    'return withCancel(c);',
    'return withCancel(c)[1];',
    'use(withCancel(c));',
    'const pair = withCancel(c); return pair;',
    'const pair = withCancel(c); pair[1]();',
    'const [, cancel] = withCancel(c); cancel();',
    'const [...both] = withCancel(c); use(both);',
    'const [ctx, ...rest] = withCancel(c); use(ctx, rest);',
    'const { 1: cancel } = withCancel(c); cancel();',
    'const cancel = withCancel(c)[1]; cancel();',
    'const [ctx, cancel] = withCancel(c); return { ctx, cancel };',
    'const [ctx, cancel] = withCancel(c); s.add(() => cancel());',
    'const [ctx, cancel] = withCancel(c); return work(ctx).finally(cancel);',
    'const [ctx, cancel] = withCancel(c); using _ = cancel; if (c) return 1; work(ctx);',
    'const [ctx, cancel] = withCancel(c); try { return work(ctx); } finally { cancel(); }',
    'const [ctx, cancel] = withCancel(c); try { work(ctx); } catch { return 1; } finally { cancel(); }',
    'const [ctx] = withCancelOn(c, signal); use(ctx);',
    'const [ctx, cancel = () => {}] = withCancel(c); cancel();',
    'if (!c) throw new Error(); const [ctx, cancel] = withCancel(c); cancel();',
    'const stop = () => withCancel(c);',
    'use((0, withCancel(c)));',
    '[undeclared, alsoUndeclared] = withCancel(c);',
    'let ctx, cancel; for (;;) { use(cancel); [ctx, cancel] = withCancel(c); }',
    'let ctx, cancel; while (c) { cancel?.(); [ctx, cancel] = withCancel(c); } cancel?.();',
  ];
  for (const code of fine) {
    it(`lets pass: ${code}`, () => {
      expect(lost(code)).toEqual([]);
    });
  }

  const lostToo = [
    'const [ctx, cancel] = withCancel(c); work(ctx);',
    'const pair = withCancel(c); work(pair[0]);',
    'const [ctx, cancel] = withCancel(c); try { work(ctx); cancel(); } catch { return 1; }',
    'const [ctx, cancel] = withCancel(c); if (x) return 1; cancel();',
    'const cancel = withCancel(c)[1]; if (x) return 1; cancel();',
    'for (;;) { const [ctx, cancel] = withCancel(c); if (x) continue; cancel(); }',
    // Go lets this pass: a condition is one node of its graph.
    'const [ctx, cancel] = withCancel(c); if (x && stop(cancel)) work(ctx);',
    'const [ctx, cancel = () => {}] = withCancel(c); if (x) return 1; cancel();',
  ];
  for (const code of lostToo) {
    it(`reports what is lost: ${code}`, () => {
      expect(lost(code).join()).toMatch(/is (never used|not used on every path)/);
    });
  }

  it('reports at the level of a module only what is never mentioned', () => {
    const at = (code: string) => lint('no-lost-cancel', imports + code);
    expect(at('const [ctx, cancel] = withCancel(c); if (c) cancel();')).toEqual([]);
    expect(at('export const [ctx, cancel] = withCancel(c);')).toEqual([]);
    expect(at('const [ctx, cancel] = withCancel(c); export { cancel };')).toEqual([]);
    expect(at('const [ctx, cancel] = withCancel(c); use(ctx);').join()).toMatch(/cancel is never used/);
  });

  it('looks for the functions that it is told of', () => {
    const code = `${imports}export function f(c) { const [ctx] = withCancelOn(c, s); const [other] = withCancel(ctx); }`;
    expect(lint('no-lost-cancel', code, { options: { derive: ['withCancelOn'] } }).join()).toMatch(
      /^2: .*withCancelOn/,
    );
  });
});

describe('the names that rules look for', () => {
  const body = 'export function f(c) { const [ctx] = NAME(c); return ctx; }';
  const found = (head: string, name: string, more: object = {}) =>
    lint('no-lost-cancel', `${head}\n${body.replace('NAME', name)}`, more).length;

  it('are those of this package, however they are imported', () => {
    expect(found("import { withCancel } from 'rxjs-ctx';", 'withCancel')).toBe(1);
    expect(found("import { withCancel } from 'rxjs-ctx/core';", 'withCancel')).toBe(1);
    expect(found("import { withCancel as derive } from 'rxjs-ctx';", 'derive')).toBe(1);
    expect(found("import { 'withCancel' as derive } from 'rxjs-ctx';", 'derive')).toBe(1);
    expect(found("import * as rx from 'rxjs-ctx';", 'rx.withCancel')).toBe(1);
    expect(found("import * as rx from 'rxjs-ctx';", "rx['withCancel']")).toBe(1);
    expect(found("import type { Context } from 'rxjs-ctx'; import { withCancel } from 'rxjs-ctx';", 'withCancel')).toBe(
      1,
    );
  });

  it('may be required', () => {
    const js = { file: 'file.js' };
    expect(found("const { withCancel } = require('rxjs-ctx');", 'withCancel', js)).toBe(1);
    expect(found("const { withCancel: derive } = require('rxjs-ctx');", 'derive', js)).toBe(1);
    expect(found("const rx = require('rxjs-ctx');", 'rx.withCancel', js)).toBe(1);
    expect(found("const rx = require('other');", 'rx.withCancel', js)).toBe(0);
    expect(found('const rx = require(name);', 'rx.withCancel', js)).toBe(0);
  });

  it('may come through a module of the project, if the settings say so', () => {
    const settings = { 'rxjs-ctx': { modules: ['./context.js'] } };
    expect(found("import { withCancel } from './context.js';", 'withCancel', { settings })).toBe(1);
    expect(found("import { withCancel } from './context.js';", 'withCancel')).toBe(0);
  });

  it('are not those of others, nor of a nearer scope', () => {
    expect(found("import { withCancel } from 'other';", 'withCancel')).toBe(0);
    expect(found("import { withCancel } from 'rxjs-ctxs';", 'withCancel')).toBe(0);
    expect(found("import withCancel from 'rxjs-ctx';", 'withCancel')).toBe(0);
    expect(found('', 'withCancel')).toBe(0);
    expect(found("import * as rx from 'rxjs-ctx';", 'rx[withCancel]')).toBe(0);
    const shadowed =
      "import { withCancel } from 'rxjs-ctx'; export function f(withCancel) { const [ctx] = withCancel(c); return ctx; }";
    expect(lint('no-lost-cancel', shadowed)).toEqual([]);
    const named = "import { withCancel } from 'rxjs-ctx'; export const f = function withCancel() { withCancel(); };";
    expect(lint('no-lost-cancel', named)).toEqual([]);
  });
});

describe('ctx-first-parameter', () => {
  const typed = (code: string) => lint('ctx-first-parameter', `import type { Context } from 'rxjs-ctx';\n${code}`);
  const reported = [
    'function f(a: string, ctx: Context) {}',
    'const f = (a: string, ctx: Context) => {};',
    'const f = function (a: string, ctx: Context = x) {};',
    'class A { m(a: string, ctx: Context) {} }',
    'class A { constructor(a: string, ctx: Context) {} }',
    'abstract class A { abstract m(a: string, ctx: Context): void }',
    'interface I { m(a: string, ctx: Context): void }',
    'interface I { (a: string, ctx: Context): void }',
    'type F = (a: string, ctx: Context) => void;',
    'declare function f(a: string, ctx: Context): void;',
    'function f(this: Window, a: string, ctx?: Context | undefined) {}',
  ];
  for (const code of reported) {
    it(`reports ${code}`, () => {
      expect(typed(code)).toEqual(['2: A context is the first parameter, as everywhere else: move ctx to the front.']);
    });
  }

  const fine = [
    'function f(ctx: Context, a: string) {}',
    'function f(this: Window, ctx: Context) {}',
    'function f(ctx: Context, other: Context) {}',
    'class A { constructor(private readonly a: string, ctx: Context) {} }',
    'function f(a: string, { ctx }: { ctx: Context }) {}',
    'function f(a: string, ctx: Other) {}',
    'function f(a: string, ctx: string | undefined) {}',
    'function f(a: string, ctx) {}',
    'function f() {}',
  ];
  for (const code of fine) {
    it(`lets pass ${code}`, () => {
      expect(typed(code)).toEqual([]);
    });
  }

  it('knows the type by its namespace too', () => {
    const code = "import type * as rx from 'rxjs-ctx';\nfunction f(a: string, ctx: rx.Context) {}";
    expect(lint('ctx-first-parameter', code).length).toBe(1);
    expect(lint('ctx-first-parameter', code.replaceAll('rxjs-ctx', 'other'))).toEqual([]);
  });
});

describe('no-ctx-in-field', () => {
  const typed = (code: string) => lint('no-ctx-in-field', `import type { Context } from 'rxjs-ctx';\n${code}`);
  for (const code of [
    'class A { ctx: Context; }',
    'class A { readonly ctx?: Context | undefined; }',
    'abstract class A { abstract ctx: Context; }',
    'class A { accessor ctx: Context; }',
    'class A { constructor(private ctx: Context) {} }',
    'class A { constructor(private ctx: Context = x) {} }',
    'interface I { ctx: Context }',
    'type T = { readonly ctx: Context };',
  ]) {
    it(`reports ${code}`, () => {
      expect(typed(code).join()).toMatch(/^2: A context is passed on, and not stored/);
    });
  }

  for (const code of [
    'class A { ctx: Other; m(ctx: Context) {} }',
    'interface I { m(ctx: Context): void }',
    'class A { ctx; }',
  ]) {
    it(`lets pass ${code}`, () => {
      expect(typed(code)).toEqual([]);
    });
  }
});

describe('prefer-ctx-signal', () => {
  const typed = (code: string) => lint('prefer-ctx-signal', `import type { Context } from 'rxjs-ctx';\n${code}`);
  for (const code of [
    'function f(ctx) { return fetch(url); }',
    'function f(ctx) { return fetch(url, { method: "POST" }); }',
    'function f(ctx) { return globalThis.fetch(url, {}); }',
    'function f(ctx) { return () => window.fetch(url); }',
    'function f() { const ctx = 1; { fetch(url); } }',
    'const f = function named(ctx) { return fetch(url); };',
  ]) {
    it(`reports ${code}`, () => {
      expect(typed(code).join()).toMatch(/give it "signal: ctx.signal", or use fetchCtx\(ctx, …\)/);
    });
  }

  it('knows a context by its type, whatever its name', () => {
    expect(typed('function f(request: Context) { return fetch(url); }').join()).toMatch(/signal: request.signal/);
    expect(typed('function f(request: Other) { return fetch(url); }')).toEqual([]);
  });

  for (const code of [
    'function f(ctx) { return fetch(url, { signal: ctx.signal }); }',
    'function f(ctx, signal) { return fetch(url, { signal }); }',
    'function f(ctx) { return fetch(url, { "signal": s }); }',
    'function f(ctx) { return fetch(url, { ...init }); }',
    'function f(ctx) { return fetch(url, init); }',
    'function f(ctx) { return fetch(...args); }',
    'function f(ctx) { return fetch(); }',
    'function f(ctx) { return fetch(new Request(url, { signal })); }',
    'function f(ctx, fetch) { return fetch(url); }',
    'function f(ctx) { return api.fetch(url); }',
    'function f(ctx) { return api().fetch(url); }',
    'function f(ctx) { return api[fetch](url); }',
    'const ctx = 1; function f() { return fetch(url); }',
    'function f() { return fetch(url); }',
  ]) {
    it(`lets pass ${code}`, () => {
      expect(typed(code)).toEqual([]);
    });
  }
});

describe('the configurations of rxjs-ctx/eslint', () => {
  it('recommend what finds faults, but for tests', async () => {
    const code =
      "import { withCancel } from 'rxjs-ctx';\nexport const f = (c) => { const [ctx] = withCancel(c); return fetch(ctx); };\n";
    for (const Class of [ESLint, ESLint9 as unknown as typeof ESLint]) {
      const eslint = new Class({ overrideConfigFile: true, overrideConfig: [configs.recommended] as never });
      const [result] = await eslint.lintText(code, { filePath: 'file.js' });
      expect(result!.messages.map(({ ruleId, severity }) => [ruleId, severity])).toEqual([
        ['rxjs-ctx/no-lost-cancel', 2],
        ['rxjs-ctx/prefer-ctx-signal', 1],
      ]);
      const [test] = await eslint.lintText(code, { filePath: 'file.spec.js' });
      expect(test!.messages.filter(({ ruleId }) => ruleId !== null)).toEqual([]);
    }
  });

  it('tell eslint-plugin-rxjs-x what comes last in a pipe', async () => {
    const dir = mkdtempSync(path.join('build', 'rxjs-x-'));
    try {
      const file = path.join(dir, 'file.ts');
      writeFileSync(
        path.join(dir, 'tsconfig.json'),
        '{ "compilerOptions": { "module": "NodeNext", "strict": true, "skipLibCheck": true, "types": [] }, "include": ["*.ts"] }',
      );
      const head =
        "import { finalize, map, of } from 'rxjs';\nimport { takeUntilCtx, throwOnCtx } from 'rxjs-ctx';\ndeclare const ctx: never;\n";
      writeFileSync(
        file,
        `${head}of(1).pipe(takeUntilCtx(ctx), map(String));\nof(1).pipe(throwOnCtx(ctx), map(String));\nof(1).pipe(map(String), takeUntilCtx(ctx), finalize(() => {}));\n`,
      );
      const eslint = new ESLint({
        overrideConfigFile: true,
        overrideConfig: [
          {
            files: ['**/*.ts'],
            languageOptions: {
              parser: tsParser,
              parserOptions: { projectService: true, tsconfigRootDir: path.resolve(dir) },
            },
            plugins: { 'rxjs-x': rxjsX },
          },
          configs.rxjsX,
        ] as never,
        ignore: false,
      });
      const [result] = await eslint.lintFiles([file]);
      expect(result!.messages.map(({ ruleId, line }) => [ruleId, line])).toEqual([
        ['rxjs-x/no-unsafe-takeuntil', 4],
        ['rxjs-x/no-unsafe-takeuntil', 5],
      ]);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }, 60_000);

  it('are there for CommonJS too', () => {
    const { outputFiles } = buildSync({
      entryPoints: ['lib/eslint/index.ts'],
      bundle: true,
      format: 'cjs',
      platform: 'node',
      write: false,
    });
    const module = { exports: {} as { rules: object; configs: object; default: { configs: object } } };
    const run = new Script(`((module, exports) => {${outputFiles[0]!.text}\n})`).runInThisContext() as (
      module: object,
      exports: object,
    ) => void;
    run(module, module.exports);
    expect(Object.keys(module.exports.rules).length).toBe(4);
    expect(module.exports.default.configs).toBe(module.exports.configs);
  });
});
