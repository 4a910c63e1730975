// Which mutants live, in a report of Stryker's and in spec/MUTANTS.md, and where the two differ.

/**
 * A mutant as the list shows it: the code that was changed, on one line and cut where it is long, and what it became.
 *
 * @typedef {{ file: string, code: string, mutant: string }} Mutant
 */

/**
 * What is needed of the report: https://github.com/stryker-mutator/mutation-testing-elements
 *
 * @typedef {{ line: number, column: number }} Position counted from 1
 * @typedef {{ status: string, replacement: string, location: { start: Position, end: Position } }} Reported
 * @typedef {{ files: Record<string, { source: string, mutants: Reported[] }> }} Report
 */

const longest = 60;

/** @param {string} code */
function short(code) {
  const line = code.replace(/\s+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest).trimEnd()} …` : line;
}

/** @param {Report} report @returns {Mutant[]} */
export function living({ files }) {
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split('\n');
    return mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
      .map(({ location: { start, end }, replacement }) => {
        const changed = lines.slice(start.line - 1, end.line);
        changed[changed.length - 1] = changed.at(-1)?.slice(0, end.column - 1) ?? '';
        changed[0] = changed[0]?.slice(start.column - 1) ?? '';
        return { file, code: short(changed.join('\n')), mutant: short(replacement) };
      });
  });
}

/** The rows below the headings that are the names of files. @param {string} markdown @returns {(Mutant & { reason: string })[]} */
export function listed(markdown) {
  let file = '';
  return markdown.split('\n').flatMap((line) => {
    file = /^## (lib\/.*)$/.exec(line)?.[1] ?? file;
    const [, code, mutant, reason = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
    const [, from] = /^`+ ?(.*?) ?`+$/.exec(code ?? '') ?? [];
    const [, to] = /^`+ ?(.*?) ?`+$/.exec(mutant ?? '') ?? [];
    return from === undefined || to === undefined ? [] : [{ file, code: from, mutant: to, reason }];
  });
}

/** A row of the list, its reason yet to be found. @param {Mutant} mutant */
export function row({ code, mutant }) {
  const cell = (/** @type {string} */ text) => {
    const ticks = (text.match(/`+/g) ?? []).sort().at(-1); // the most in a row
    const [mark, space] = ticks === undefined ? ['`', ''] : [`${ticks}\``, ' '];
    return mark + space + text.replaceAll('|', '\\|') + space + mark;
  };
  return `| ${cell(code)} | ${cell(mutant)} |  |`;
}

/**
 * Compares them one by one, for the files that are in the report.
 *
 * @param {Report} report
 * @param {string} markdown
 */
export function differences(report, markdown) {
  const key = (/** @type {Mutant} */ { file, code, mutant }) => JSON.stringify([file, code, mutant]);
  const list = listed(markdown).filter(({ file }) => file in report.files);
  const unlisted = living(report);
  const gone = list.filter((one) => {
    const index = unlisted.findIndex((other) => key(other) === key(one));
    if (index >= 0) unlisted.splice(index, 1);
    return index < 0;
  });
  return { unlisted, gone, unexplained: list.filter(({ reason }) => reason === '') };
}
