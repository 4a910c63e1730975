import { differences, listed, living, row } from '../../scripts/mutants.mjs';

const source = ['if (a ||', '    b) {', '  run(`x`);', '}', 'if (c) run();'].join('\n');
const at = (from: [number, number], to: [number, number]) => ({
  start: { line: from[0], column: from[1] },
  end: { line: to[0], column: to[1] },
});
const condition = { status: 'Survived', replacement: 'true', location: at([1, 5], [2, 6]) };
const text = { status: 'NoCoverage', replacement: '``', location: at([3, 7], [3, 10]) };
const report = {
  files: {
    'lib/one.ts': {
      source,
      mutants: [condition, text, { status: 'Killed', replacement: 'false', location: at([5, 5], [5, 6]) }],
    },
    'lib/two.ts': { source, mutants: [{ status: 'Timeout', replacement: 'true', location: at([5, 5], [5, 6]) }] },
  },
};

const table = (...rows: string[]) => ['| code | becomes | why |', '| --- | --- | --- |', ...rows].join('\n');
const complete = `# Mutants\n\n## lib/one.ts\n\n${table('| `a \\|\\| b` | `true` | b is a |', '| `` `x` `` | ``` `` ``` | x |')}\n`;

describe('mutants that live', () => {
  it('are found in the report, on one line, cut where they are long', () => {
    expect(living(report)).toEqual([
      { file: 'lib/one.ts', code: 'a || b', mutant: 'true' },
      { file: 'lib/one.ts', code: '`x`', mutant: '``' },
    ]);
    const long = { source: `f(${'a'.repeat(100)})`, mutants: [{ ...condition, location: at([1, 1], [1, 104]) }] };
    expect(living({ files: { 'lib/long.ts': long } })[0]!.code).toBe(`f(${'a'.repeat(58)} …`);
  });

  it('are found in the list, with the reason', () => {
    expect(listed(complete)).toEqual([
      { file: 'lib/one.ts', code: 'a || b', mutant: 'true', reason: 'b is a' },
      { file: 'lib/one.ts', code: '`x`', mutant: '``', reason: 'x' },
    ]);
    const rows = living(report).map((mutant) => row(mutant));
    expect(listed(`## lib/one.ts\n${table(...rows)}`)).toEqual(
      living(report).map((mutant) => ({ ...mutant, reason: '' })),
    );
  });

  it('and those listed are the same', () => {
    expect(differences(report, complete)).toEqual({ unlisted: [], gone: [], unexplained: [] });
  });

  it('and are not listed are told, each as often as it lives', () => {
    const twice = { files: { 'lib/one.ts': { source, mutants: [condition, condition, text] } } };
    expect(differences(twice, complete).unlisted).toEqual([{ file: 'lib/one.ts', code: 'a || b', mutant: 'true' }]);
    expect(differences(report, '').unlisted.length).toBe(2);
  });

  it('no more are told, in files that the report knows', () => {
    const more = table('| `c` | `true` | |');
    const { gone, unlisted, unexplained } = differences(
      report,
      `${complete}\n## lib/two.ts\n${more}\n## lib/three.ts\n${more}`,
    );
    expect(gone.map(({ file }) => file)).toEqual(['lib/two.ts']);
    expect(unexplained.map(({ file }) => file)).toEqual(['lib/two.ts']);
    expect(unlisted).toEqual([]);
  });
});
