import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const faulty = `# A page with faults

[gone](gone.md) [no heading](#none) [fine](#a-page-with-faults) \`[no link](at-all.md)\` \`spec/none.spec.ts\` \`spec/core/\` \`npm run nothing -- x\` \`npm run docs\`

\`\`\`ts
import { background, withTimeout } from 'rxjs-ctx';
withTimeout(background(), 'soon');
\`\`\`

\`\`\`text
\`\`\`

\`\`\`ts
import { release } from 'node:os';
console.log('one');
throw new Error(typeof release);
\`\`\`

\`\`\`text
one
\`\`\`

\`\`\`ts
import { sep } from 'node:path';
console.log('one', sep.length);
\`\`\`

\`\`\`text
two 1
\`\`\`

\`\`\`ts
import { sep } from 'node:path';
console.log(sep);
\`\`\`

<!-- declare const rows$: Observable<string>; -->

\`\`\`ts
const [ctx, cancel] = withCancel(parent);
rows$.pipe(takeUntilCtx(ctx)).subscribe({ complete: () => cancel() });
\`\`\`

\`\`\`ts
missing.pipe(takeUntilCtx(ctx));
\`\`\`

\`\`\`typo
\`\`\`

\`\`\`sh
npm ci
npm run none     # of the scripts
npm test
\`\`\`

\`\`\`text
printed by nobody
\`\`\`

\`\`\`text
source  --a--|
        skip(1)
result  -----|
\`\`\`

\`\`\`ts no-run
import type { Context } from 'rxjs-ctx';
export const deadline = (ctx: Context): string => ctx.deadline;
`;

const sound = `\`\`\`ts
import { EventEmitter } from 'node:events';
console.log(new EventEmitter().emit('one'));
\`\`\`

\`\`\`text
false
\`\`\`
`;

describe('check-docs', () => {
  let code: number | null;
  let printed = '';
  let errors = '';

  beforeAll(async () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'check-docs-'));
    const pages = Object.entries({ faulty, sound }).map(([name, text]) => {
      const page = path.join(dir, `${name}.md`);
      writeFileSync(page, text);
      return page;
    });
    // The coverage of this process is not that of the library.
    const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/check-docs.mjs', ...pages], {
      env: { ...process.env, NODE_V8_COVERAGE: '' },
    });
    child.stdout.on('data', (data: Buffer) => (printed += data.toString()));
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    errors = errors.replaceAll(`${dir}${path.sep}`, '');
    rmSync(dir, { recursive: true });
  }, 300_000);

  it('passes a page that prints what it says', () => {
    expect(printed).toMatch(/sound\.md:2 {2}runs/);
    expect(errors).not.toContain('sound.md');
  });

  it('fails when there is a fault', () => {
    expect(code).toBe(1);
  });

  it('names the line of a link that leads nowhere', () => {
    expect(errors).toContain('faulty.md:3  the link to gone.md leads to no file');
    expect(errors).toContain('faulty.md:3  the link to #none leads to no heading');
    expect(errors.match(/the link to/g)?.length).toBe(2);
  });

  it('names the line of a file and of a script that are not there', () => {
    expect(errors).toContain('faulty.md:3  names spec/none.spec.ts, which is not there');
    expect(errors).toContain('faulty.md:3  names the script nothing');
    expect(errors.match(/faulty\.md:3 {2}names/g)?.length).toBe(2);
    expect(errors).toContain('faulty.md:53  names the script none');
    expect(errors.match(/names the script/g)?.length).toBe(2);
  });

  it('names the line that does not compile, in programs and in fragments', () => {
    expect(errors).toContain("faulty.md:7  does not compile: Argument of type 'string'");
    expect(errors).toContain("faulty.md:45  does not compile: Cannot find name 'missing'");
    expect(errors.match(/does not compile/g)?.length).toBe(2);
  });

  it('shows how a program fails, with the line in the page', () => {
    expect(errors).toContain('faulty.md:14  ends with code 1');
    expect(errors).toContain('faulty.md:14  writes to stderr');
    expect(errors).toContain('faulty.md:16:7');
    expect(errors).not.toContain('faulty.md:14  prints');
  });

  it('shows what a program prints in place of what the page says', () => {
    expect(errors).toMatch(/faulty\.md:24 {2}prints something else.*\n {4}- two 1\n {4}\+ one 1\n/);
  });

  it('refuses a block that it cannot check', () => {
    expect(errors).toContain('faulty.md:33  a program without its output');
    expect(errors).toContain('faulty.md:49  "typo" is not a language');
    expect(errors).toContain('faulty.md:58  neither what a program right above prints nor a marble diagram');
    expect(errors.match(/neither what/g)?.length).toBe(1);
    expect(errors).toContain('faulty.md:68  the code block is never closed');
  });
});
