import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { cruise } from 'dependency-cruiser';
import type { ICruiseResult } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import rules from '../.dependency-cruiser.mjs';

interface Module {
  /** Relative to lib, without its ending. */
  file: string;
  layer: string;
  text: string;
  /** Without comments. */
  code: string;
  /** Names of the values that it exports. */
  values: string[];
}

const modules = readdirSync('lib', { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'))
  .map(read);

function read(name: string): Module {
  const file = name.replace(/\.ts$/, '');
  const text = readFileSync(path.join('lib', name), 'utf8');
  const code = text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, '').replace(/\s\/\/ .*$/gm, '');
  const values = [...code.matchAll(/^export\s+(?:abstract\s+)?(?:function\*?|class|const|let)\s+(\w+)/gm)].map(
    ([, value]) => value!,
  );
  return { file, layer: file.split('/')[0]!, text, code, values: [...new Set(values)] };
}

const inLayer = (...names: string[]) => modules.filter(({ layer }) => names.includes(layer));

describe('lib', () => {
  it('imports as .dependency-cruiser.mjs says, type imports included, without a cycle', async () => {
    const { options, forbidden } = rules;
    const { output } = await cruise(
      ['lib'],
      { ...options, ruleSet: { forbidden: forbidden! }, validate: true },
      {
        extensions: ['.ts'],
      },
      { tsConfig: extractTSConfig('tsconfig.json') },
    );
    const { summary, modules: seen } = output as ICruiseResult;
    expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
    const files = seen.map(({ source }) => source);
    for (const { file } of modules) expect(files).toContain(`lib/${file}.ts`);
    // Type imports are seen.
    const context = seen.find(({ source }) => source === 'lib/core/context.ts');
    expect(context?.dependencies.map(({ resolved }) => resolved)).toContain('lib/core/errors.ts');
  }, 60_000);

  it('has entry points of named exports only: no logic, no `export *`', () => {
    const targets = readFileSync('package.json', 'utf8').matchAll(/"\.\/dist\/esm\/(.+)\.js"/g);
    const files = new Set([...targets].map(([, file]) => file));
    const doors = modules.filter(({ file }) => files.has(file));
    expect(doors.map(({ file }) => file)).toContain('index');
    expect(doors.length).toBe(files.size);
    const statement = /export\s+(?:type\s+)?\{[\s\w,]+\}\s+from\s+'\.\/[\w/.]+\.js';/g;
    for (const { file, code } of doors) {
      expect(code.match(statement)?.length).withContext(file).toBeGreaterThan(0);
      expect(code.replace(statement, '').trim()).withContext(file).toBe('');
    }
  });

  it('has no drawer for odds and ends', () => {
    for (const { file } of modules)
      expect(file).not.toMatch(/(^|\/)(utils?|common|helpers?|types|misc|internal|shared)(\/|$)/);
  });

  it('has one export a file in operators, with the name of the file', () => {
    for (const { file, values } of inLayer('operators')) {
      const name = path.posix.basename(file);
      if (name === 'internals') continue;
      expect(values).withContext(`lib/${file}.ts`).toEqual([name]);
      if (name !== 'ctxValue') expect(name).toMatch(/Ctx$/);
      expect(file).toBe(`operators/${name}`);
    }
  });

  it('has an export with the name of the file in observables and async', () => {
    for (const { file, values } of inLayer('observables', 'async')) {
      expect(values).withContext(`lib/${file}.ts`).toContain(path.posix.basename(file));
    }
  });

  it('has an export with the name of the file in every adapter', () => {
    for (const { file, values } of inLayer('adapters')) {
      const name = path.posix.basename(file);
      if (name.startsWith('with')) expect(values).withContext(`lib/${file}.ts`).toContain(name);
    }
    expect(inLayer('adapters').length).toBeGreaterThan(0);
  });

  it('has a spec for every operator, observable and promise function', () => {
    for (const { file } of inLayer('operators', 'observables', 'async')) {
      if (!/Ctx$|ctxValue$/.test(file)) continue;
      expect(existsSync(`spec/${file}.spec.ts`) || existsSync(`spec/${file}.node.spec.ts`))
        .withContext(`spec/${file}.spec.ts`)
        .toBeTrue();
    }
  });

  it('marks nothing private by an underscore or a tag', () => {
    for (const { file, text } of modules) {
      // What a Subscriber of RxJS has to be told, and where Node keeps that a response is closed, is called so there.
      expect(text.replace(/protected override _(next|error|complete)\(|^ {2}_closed:/gm, ''))
        .withContext(`lib/${file}.ts`)
        .not.toMatch(/@internal|@private|[^\w$]_[a-z]\w*/);
    }
  });
});

describe('gateway/', () => {
  /** What a file of the gateway imports, as written; types too. */
  const importsOf = (file: string) =>
    [...readFileSync(path.join('gateway', file), 'utf8').matchAll(/^(import (?:type )?)?.*\bfrom '([^']+)';$/gm)].map(
      ([, statement, from]) => ({ from: from!, type: statement === 'import type ' }),
    );
  const files = readdirSync('gateway', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

  it('knows the library by its entry points alone', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
    const doors = Object.keys(exports).map((subpath) => path.posix.join('rxjs-ctx', subpath));
    const seen = new Set<string>();
    for (const file of files) {
      for (const { from } of importsOf(file)) {
        const inside = from.startsWith('.') && !path.join(path.dirname(file), from).startsWith('..');
        expect(inside || !from.startsWith('.'))
          .withContext(`gateway/${file} imports ${from}`)
          .toBeTrue();
        if (from.startsWith('rxjs-ctx')) seen.add(from);
      }
    }
    expect([...seen].sort()).toEqual(['rxjs-ctx', 'rxjs-ctx/http', 'rxjs-ctx/node']);
    expect(doors).toEqual(jasmine.arrayContaining([...seen]));
  });

  it('has nothing of Node in the page', () => {
    const page = files.filter((file) => /^(page|client\.ts|rows\.ts|protocol\.ts)/.test(file) && file !== 'page.ts');
    expect(page.length).toBeGreaterThan(10);
    for (const file of page) {
      for (const { from, type } of importsOf(file)) {
        if (type) continue;
        expect(from)
          .withContext(`gateway/${file}`)
          .toMatch(/^(rxjs|rxjs-ctx|rxjs-ctx\/http|\.\/\w+\.js|\.\.\/(client|rows|protocol)\.js)$/);
      }
    }
  });
});
