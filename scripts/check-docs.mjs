// Holds the pages to what they say: every code block compiles, every program prints what stands below it, no link leads
// nowhere, and what is named of the project, a file or a script, is there. `npm run check:docs -- [page…]`: without pages, README.md
// and docs/*.md, and the links of all others.
//
//   ```ts …```          with an import: a program. It runs as a reader's would, and what it prints is compared with the
//   ```text …```        block right below it, line by line. Nothing may go to stderr, and it has to end by itself.
//
//   ```ts no-run …```   compiles only: what needs a framework around it.
//
//   ```ts bad …```      compiles, and a rule of rxjs-ctx/eslint reports it. It reports no other block, but for those about
//                       marbles and testing, where contexts are derived and left.
//
//   ```ts …```          without an import: a fragment. It compiles inside an async function, where the names of both
//                       packages, `ctx`, `parent` and `url` are known, and what a comment right above it declares:
//                       <!-- declare const rows$: Observable<string>; -->
//
//   ```text …```        that stands alone is a marble diagram: spec/diagrams runs it.
//   ```sh …```          names no script that package.json has not.
//   ```go …```          is left alone.
//
// A block in any other language, or without one, is an error.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tsParser from '@typescript-eslint/parser';
import { Linter } from 'eslint';
import * as rxjs from 'rxjs';
import ts from 'typescript';
import { isDiagram } from '../diagrams/parse.js';
import ctxRules, { rules } from '../lib/eslint/index.js';
import { entryPoints, namesOf } from './entry-points.mjs';

const [root] = /** @type {[(typeof entryPoints)[number]]} */ (entryPoints);
const otherLanguages = ['text', 'sh', 'go'];
const longestRunMs = 30_000;

/** Pages whose first program a spec runs, which looks at more than its output: it compiles here, and does not run twice. */
const firstRunBy = new Map([['README.md', 'spec/examples.node.spec.ts']]);

/**
 * @typedef {object} Block
 * @property {string} page
 * @property {number} line of its first line of code
 * @property {string} info what stands behind the opening fence
 * @property {string} code
 * @property {string} comment the HTML comment right above it
 * @property {boolean} adjoins whether only blank lines are between it and the block before
 *
 * @typedef {Block & { file: string, fragment: boolean, output: string | undefined, run: boolean, bad: boolean }} Program
 */

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const dir = `build/docs/${process.pid}`; // in the project, where the packages are found

let failures = 0;

/** @type {Map<string, { blocks: Block[], prose: string[] }>} `prose`: the lines, empty where there is code */
const pagesRead = new Map();

/**
 * @param {string} page
 * @param {number} line
 * @param {string} what
 */
function fail(page, line, what) {
  failures++;
  console.error(`${page}:${line}  ${what}`);
}

const given = process.argv.slice(2);
const pages = given.length > 0 ? given : ['README.md', ...markdownIn('docs')];
const others =
  given.length > 0
    ? []
    : ['.', '.github', 'bench', 'examples'].filter((folder) => existsSync(folder)).flatMap(markdownIn);
for (const page of new Set([...pages, ...others])) checkLinks(page);
const programs = pages.flatMap(programsOf);

mkdirSync(dir, { recursive: true });
// What programs import that a compiler makes: of .proto files.
cpSync('docs/gen', `${dir}/gen`, { recursive: true });
try {
  for (const program of programs) writeFileSync(program.file, sourceOf(program));
  const broken = compile(programs);
  programs.forEach(lint);
  await runAll(programs.filter((program) => program.run && !broken.has(program)));
} finally {
  rmSync(dir, { recursive: true, force: true });
}

console.log(
  `${pages.length} pages, ${programs.length} blocks compiled, ${programs.filter(({ run }) => run).length} of them programs: ` +
    (failures === 0 ? 'all as the pages say' : `${failures} failures`),
);
if (failures > 0) process.exit(1);

// Reading pages

/** @param {string} folder */
function markdownIn(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .map((file) => path.posix.join(folder, file));
}

/**
 * The blocks of a page, and the page without them.
 *
 * @param {string} page
 */
function read(page) {
  const known = pagesRead.get(page);
  if (known !== undefined) return known;
  /** @type {Block[]} */
  const blocks = [];
  /** @type {string[]} */
  const prose = [];
  /** @type {(Block & { fence: string, indent: string }) | undefined} */
  let open;
  let adjoins = false;
  let comment = '';
  readFileSync(page, 'utf8')
    .split(/\r?\n/)
    .forEach((text, index) => {
      const fence = /^(?<indent>\s*)(?<quote>(?:>\s*)*)(?<fence>`{3,}|~{3,})\s*(?<info>.*)$/.exec(text)?.groups;
      prose[index] = '';
      if (open !== undefined) {
        const closes = fence?.info === '' && fence.fence?.startsWith(open.fence);
        if (!closes) {
          open.code += `${text.startsWith(open.indent) ? text.slice(open.indent.length) : text.trimStart()}\n`;
          return;
        }
        blocks.push(open);
        open = undefined;
        adjoins = true;
        comment = '';
      } else if (fence !== undefined) {
        const { fence: mark = '', indent = '', info = '' } = fence;
        if (fence.quote !== '') fail(page, index + 1, 'a code block in a quotation is not checked: take it out');
        open = { page, line: index + 2, info: info.trim(), code: '', comment, adjoins, fence: mark, indent };
      } else if (text.trim() !== '') {
        adjoins = false;
        comment = /^\s*<!--(.*)-->\s*$/.exec(text)?.[1] ?? '';
        prose[index] = text.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, (code) => code.replace(/[[\]<>]/g, ' '));
      }
    });
  if (open !== undefined) fail(page, open.line, 'the code block is never closed');
  pagesRead.set(page, { blocks, prose });
  return { blocks, prose };
}

/** @param {Block} block */
function isProgram({ code }) {
  return /^import\s/m.test(code);
}

/**
 * @param {string} page
 * @returns {Program[]}
 */
function programsOf(page) {
  const { blocks } = read(page);
  return blocks.flatMap((block, index) => {
    const [language = '', ...marks] = block.info.split(/\s+/);
    if (language !== 'ts') {
      const before = blocks[index - 1];
      const output = block.adjoins && before?.info === 'ts' && isProgram(before);
      if (language === 'text' && !output && !isDiagram(block.code)) {
        fail(page, block.line, 'neither what a program right above prints nor a marble diagram');
      }
      if (otherLanguages.includes(language)) return [];
      fail(
        page,
        block.line,
        `"${language}" is not a language that is checked (ts) or known (${otherLanguages.join(', ')})`,
      );
      return [];
    }
    const noRun = marks.includes('no-run');
    const runBySpec = firstRunBy.has(page) && block === blocks.find(({ info }) => info === 'ts');
    const bad = marks.includes('bad');
    const unknown = marks.find((mark) => mark !== 'no-run' && mark !== 'bad');
    if (unknown !== undefined) fail(page, block.line, `"${unknown}" is not a mark of a code block`);
    const fragment = !isProgram(block);
    const below = blocks[index + 1];
    const output = !fragment && below?.adjoins && below.info === 'text' ? below.code : undefined;
    if (noRun && (fragment || output !== undefined)) {
      fail(page, block.line, 'marked no-run, and is a fragment or has an output below it');
    } else if (!fragment && !noRun && !bad && output === undefined && !runBySpec) {
      fail(page, block.line, 'a program without its output: let a text block follow, or mark it no-run');
    }
    const name = `${page.replace(/\W+/g, '-')}-${block.line}.mts`;
    return [{ ...block, file: `${dir}/${name}`, fragment, output, run: !noRun && output !== undefined, bad }];
  });
}

// Compiling

/**
 * The file of a block: a line of it has the number that it has in the page.
 *
 * @param {Program} program
 */
function sourceOf({ line, code, comment, fragment }) {
  const above = '\n'.repeat(line - 2);
  if (!fragment) return `\n${above}${code}`;
  const words = new Set(`${code}${comment}`.match(/[\w$]+/g));
  const used = (/** @type {string[]} */ names) => names.filter((name) => words.has(name)).join(', ');
  return [
    `import { ${used(namesOf(root, 'export'))} } from 'rxjs-ctx';`,
    `import type { ${used(namesOf(root, 'export type').filter((name) => name !== 'Context'))} } from 'rxjs-ctx';`,
    `import { ${used(Object.keys(rxjs))} } from 'rxjs';`,
    `import type { Context } from 'rxjs-ctx';`,
    `declare const ctx: Context; declare const parent: Context; declare const url: string; ${comment}`,
    `async () => {\n${above}${code}};\n`,
  ].join(' ');
}

/**
 * @param {Program[]} programs
 * @returns {Set<Program>} those that do not compile
 */
function compile(programs) {
  const { config } = ts.readConfigFile('tsconfig.json', (file) => ts.sys.readFile(file));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  delete options.tsBuildInfoFile;
  const compilation = ts.createProgram({
    rootNames: programs.map(({ file }) => file),
    options: {
      ...options,
      allowJs: false,
      checkJs: false,
      declaration: false,
      declarationMap: false,
      incremental: false,
      noUnusedLocals: true,
      experimentalDecorators: true, // Angular and NestJS are written with them
      skipLibCheck: true, // their declarations do not all stand exactOptionalPropertyTypes
    },
  });
  for (const diagnostic of [...compilation.getOptionsDiagnostics(), ...compilation.getGlobalDiagnostics()]) {
    fail('tsconfig.json', 1, ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
  }
  /** @type {Set<Program>} */
  const broken = new Set();
  for (const program of programs) {
    const source = compilation.getSourceFile(program.file);
    const found = [...compilation.getSyntacticDiagnostics(source), ...compilation.getSemanticDiagnostics(source)];
    for (const { start = 0, messageText, reportsUnnecessary } of found) {
      if (program.fragment && reportsUnnecessary) continue; // it may well name what it does not use
      const at = source?.getLineAndCharacterOfPosition(start) ?? { line: 0, character: 0 };
      fail(program.page, at.line + 1, `does not compile: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
      broken.add(program);
    }
  }
  return broken;
}

// Linting

/** @param {Program} program */
function lint(program) {
  const { page, line, code, bad } = program;
  if (/ctxHelpers|TestScheduler|rxjs-ctx\/testing/.test(code) || page === 'docs/testing.md') return;
  const all = Object.keys(rules).map((rule) => /** @type {const} */ ([`rxjs-ctx/${rule}`, 'error']));
  const asRecommended = Object.entries(ctxRules.configs.recommended.rules);
  const messages = new Linter({ configType: 'flat' }).verify(
    sourceOf(program),
    /** @type {Linter.Config[]} */ (
      /** @type {unknown} */ ([
        {
          files: ['**/*.mts'],
          languageOptions: { parser: tsParser },
          plugins: { 'rxjs-ctx': ctxRules },
          rules: Object.fromEntries(bad ? all : asRecommended),
        },
      ])
    ),
    'block.mts',
  );
  if (bad && messages.length === 0) fail(page, line, 'is marked bad, and no rule reports it');
  if (!bad) for (const { line: at, message } of messages) fail(page, at, `is reported by a rule of ours: ${message}`);
}

// Running

/** @param {Program[]} programs */
async function runAll(programs) {
  // They wait more than they work, but a start-up is work.
  const waiting = programs.values();
  const runSome = async () => {
    for (const program of waiting) await run(program);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runSome));
}

/** @param {Program} program */
async function run(program) {
  const { page, line, file } = program;
  const start = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', NODE_V8_COVERAGE: '' }, // the coverage would be that of what tsx makes of it
  });
  let printed = '';
  let errors = '';
  child.stdout.on('data', (text) => (printed += text));
  child.stderr.on('data', (text) => (errors += text));
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, longestRunMs);
  const [code, signal] = await new Promise((resolve) => {
    child.once('error', (error) => {
      errors += String(error);
    });
    child.once('close', (...end) => resolve(end));
  });
  clearTimeout(limit);
  const ms = Math.round(performance.now() - start);

  const reasons = [
    late ? `does not end within ${longestRunMs} ms` : code !== 0 && `ends with ${signal ?? `code ${code}`}`,
    errors !== '' &&
      `writes to stderr\n${indent(errors.replace(new RegExp(`(file://)?${path.resolve(file)}`, 'g'), page))}`,
    difference(program.output ?? '', printed),
  ].filter((reason) => typeof reason === 'string');
  for (const reason of reasons) fail(page, line, reason);
  if (reasons.length === 0) console.log(`${page}:${line}  runs, in ${ms} ms`);
}

/**
 * @param {string} expected
 * @param {string} actual
 */
function difference(expected, actual) {
  const lines = [expected, actual].map((text) => text.trimEnd().split(/\s*\n/));
  const [wanted = [], got = []] = lines;
  if (wanted.join('\n') === got.join('\n')) return undefined;
  const rows = Array.from({ length: Math.max(wanted.length, got.length) }, (_, i) =>
    wanted[i] === got[i]
      ? [`  ${wanted[i]}`]
      : [...(i < wanted.length ? [`- ${wanted[i]}`] : []), ...(i < got.length ? [`+ ${got[i]}`] : [])],
  );
  return `prints something else (- the page, + the program)\n${indent(rows.flat().join('\n'))}`;
}

/** @param {string} text */
function indent(text) {
  return text.trimEnd().replace(/^/gm, '    ');
}

// Following links

/** @param {string} page */
function checkLinks(page) {
  const { blocks, prose } = read(page);
  for (const { info, code, line } of blocks) {
    if (info === 'sh') code.split('\n').forEach((command, index) => checkCommand(page, line + index, command));
  }
  prose.forEach((text, index) => {
    for (const [, file = ''] of text.matchAll(
      /`((?:api|bench|diagrams|docs|examples|gateway|lib|playground|scripts|spec)\/[\w./-]*)`/g,
    )) {
      if (!existsSync(file)) fail(page, index + 1, `names ${file}, which is not there`);
    }
    for (const [, command = ''] of text.matchAll(/`([^`]+)`/g)) checkCommand(page, index + 1, command);
    const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)];
    const reference = [...text.matchAll(/^\s*\[[^\]]+\]:\s*<?([^\s>]+)/g)];
    for (const [, link = ''] of [...inline, ...reference]) {
      if (/^[a-z][a-z+.-]*:/i.test(link)) continue; // another site's: not asked, for it may be down
      const [file = '', anchor] = link.split('#').map(decodeURIComponent);
      const target = file === '' ? page : path.join(path.dirname(page), file);
      if (!existsSync(target)) fail(page, index + 1, `the link to ${link} leads to no file`);
      else if (anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor)) {
        fail(page, index + 1, `the link to ${link} leads to no heading`);
      }
    }
  });
}

/**
 * @param {string} page
 * @param {number} line
 * @param {string} command
 */
function checkCommand(page, line, command) {
  const script = /(?:^|\s)npm (?:run )?(start|test|(?<=run )[\w:]+)/.exec(command)?.[1];
  if (script !== undefined && !(script in scripts)) {
    fail(page, line, `names the script ${script}, which package.json has not`);
  }
}

/**
 * The anchors that GitHub gives to the headings of a page.
 *
 * @param {string} page
 */
function anchorsOf(page) {
  /** @type {Set<string>} */
  const anchors = new Set();
  for (const text of read(page).prose) {
    const heading = /^#{1,6}\s+(.*?)\s*#*\s*$/.exec(text)?.[1];
    if (heading === undefined) continue;
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}
