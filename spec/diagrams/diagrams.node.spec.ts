import { readFileSync } from 'node:fs';
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

  it('show each of the six traps of takeUntil twice: with a notifier, and with a context', () => {
    const traps = readFileSync('docs/coming-from-takeuntil.md', 'utf8')
      .split(/^## (?=\d)/m)
      .slice(1)
      .map((trap) => [...trap.matchAll(/^```text\n([^]*?)^```$/gm)].map(([, text = '']) => text));
    expect(traps.length).toBe(6);
    for (const [fails = '', works = '', ...others] of traps) {
      expect(fails).toMatch(/^leave .* {2}hot$[^]*takeUntil\(leave\)/m);
      expect(works).toMatch(/^ctx [^]*Ctx\(ctx/m);
      expect(others).toEqual([]);
      for (const text of [fails, works]) expect(found.map((diagram) => diagram.text)).toContain(text);
    }
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
