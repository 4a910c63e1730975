import { draw } from '../../diagrams/draw.js';
import { isDiagram, parse } from '../../diagrams/parse.js';

const diagram = `
source    --(ab)-|
leave   x----       hot
ctx     ---d
        source.pipe(
          takeUntil(leave))
result      a#
source  --^-!
`.slice(1);

describe('parse', () => {
  const { inputs, expression, outputs } = parse(diagram);

  it('takes rows above the expression for inputs, rows below for outputs', () => {
    expect(inputs.map(({ label, kind }) => `${label} ${kind}`)).toEqual([
      'source stream',
      'leave stream',
      'ctx context',
    ]);
    expect(outputs.map(({ label, kind }) => `${label} ${kind}`)).toEqual(['result stream', 'source subscription']);
    expect(expression).toBe('source.pipe( takeUntil(leave))');
    expect(inputs.map(({ note }) => note)).toEqual(['', 'hot', '']);
  });

  it('counts frames from the row that begins first', () => {
    expect(inputs.map(({ start, end }) => [start, end])).toEqual([
      [2, 10],
      [0, 5],
      [0, 4],
    ]);
    expect(outputs[0]!.marks.map(({ frame, kind }) => `${frame} ${kind}`)).toEqual(['4 value', '5 error']);
    expect(outputs[1]!.marks.map(({ frame, kind }) => `${frame} ${kind}`)).toEqual(['2 subscribe', '4 unsubscribe']);
  });

  it('has what is in parentheses happen in one frame', () => {
    expect(inputs[0]!.marks.map(({ frame, text }) => `${frame}${text}`)).toEqual(['4a', '4b', '9|']);
  });

  it('knows a diagram by its result', () => {
    expect(isDiagram(diagram)).toBeTrue();
    expect(isDiagram('the result is 5\nlisteners left: 0')).toBeFalse();
  });

  it('names what is malformed', () => {
    const wrong: [text: string, message: RegExp][] = [
      ['source  --a\nresult  --a', /has no result below an expression/],
      ['source  --a\n        f\nsource  ^-!', /has no result below an expression/],
      ['source  --a\n        f\nresult  --a\nand so on', /"and so on" is neither a row nor an expression/],
      ['source  --a\n        f\nresult  --a\n        g', /"g" is neither/],
      ['ctx  --x\n     f\nresult  -', /"--x" has "x": c or d/],
      ['source  --(ab\n        f\nresult  --a', /never closed/],
    ];
    for (const [text, message] of wrong) expect(() => parse(text)).toThrowError(message);
  });
});

describe('draw', () => {
  const svg = draw(parse(diagram), 'a "diagram" & more');

  it('writes every letter as text, and says the whole to who cannot see it', () => {
    const letters = [...svg.matchAll(/class="letter"[^>]*>([^<]*)/g)].map(([, letter]) => letter);
    expect(letters).toEqual(['a', 'b', 'x', 'd', 'a']);
    expect(svg).toContain('aria-label="a &quot;diagram&quot; &amp; more"');
    expect(svg).toContain('<tspan class="note" dx="8">hot</tspan>');
  });

  it('draws marks of one frame beside each other', () => {
    const [a = 0, b = 0] = [...svg.matchAll(/class="letter" x="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(b).toBeGreaterThan(a);
  });

  it('draws how each row ends', () => {
    const count = (what: string) => svg.split(`class="${what}"`).length - 1;
    expect([count('complete'), count('error'), count('subscribe'), count('unsubscribe')]).toEqual([1, 1, 1, 1]);
    expect(count('value deadline')).toBe(1);
    expect(count('arrow')).toBe(1); // leave goes on
  });

  it('is as wide as it is told, so that several have one scale', () => {
    const width = (drawn: string) => Number(/viewBox="0 0 ([\d.]+)/.exec(drawn)?.[1]);
    expect(width(draw(parse(diagram), '', 60))).toBeGreaterThan(width(svg));
  });
});
