import { parse } from '../../diagrams/parse.js';
import type { Mark, Row } from '../../diagrams/parse.js';
import { diagrams } from '../../diagrams/read.js';
import { legend, run } from '../../diagrams/run.js';

/** A row as a list of what happens, with the letters of its legend written out. */
function happenings({ marks, note }: Row): string[] {
  const texts = legend(note);
  return marks.map(({ frame, kind, text }: Mark) => `${frame} ${kind} ${texts.get(text) ?? text}`);
}

describe('diagrams', () => {
  const found = diagrams();

  it('are found in every operator, and in the pages', () => {
    const files = found.map(({ at }) => at.replace(/:\d+$/, ''));
    expect(files.filter((file) => file.startsWith('lib/operators/')).length).toBe(9);
    expect(files).toContain('lib/observables/usingCtx.ts');
  });

  for (const { at, text } of found) {
    it(`at ${at} shows what happens`, () => {
      const diagram = parse(text);
      const ran = run(diagram);
      expect(ran.map(({ label }) => label)).toEqual(diagram.outputs.map(({ label }) => label));
      ran.forEach((row, index) => {
        expect(happenings(row))
          .withContext(`${row.label} of ${diagram.expression}`)
          .toEqual(happenings(diagram.outputs[index]!));
      });
    });
  }
});
