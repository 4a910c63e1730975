import { readFileSync, readdirSync } from 'node:fs';
import { pictures } from '../../docs/site/pictures.js';

describe('pictures', () => {
  const drawn = pictures();

  it('are all there are', () => {
    expect(readdirSync('docs/pictures').sort()).toEqual(Object.keys(drawn).sort());
  });

  for (const [file, svg] of Object.entries(drawn)) {
    it(`show what contexts hold of each other: ${file}`, () => {
      expect(readFileSync(`docs/pictures/${file}`, 'utf8')).toBe(svg); // npm run docs draws it anew
    });
  }

  it('differ by what happened', () => {
    expect((drawn['unheard.svg']!.match(/class="down" d="[^"]*" marker/g) ?? []).length).toBe(0);
    expect((drawn['heard.svg']!.match(/class="down" d="[^"]*" marker/g) ?? []).length).toBe(2);
    expect((drawn['heard.svg']!.match(/class="listener"/g) ?? []).length).toBe(1);
    expect((drawn['canceled.svg']!.match(/class="end"/g) ?? []).length).toBe(1);
    expect((drawn['canceled.svg']!.match(/context canceled</g) ?? []).length).toBe(4);
  });
});
