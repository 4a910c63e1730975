// Draws a diagram as SVG. Colors are in diagrams.css, as variables, so that a picture is as light or dark as its page.
import type { Diagram, Mark, Row } from './parse.js';

const frameWidth = 16;
const margin = 12;
const rowHeight = 44;
const lineAt = 30; // from the top of a row, whose label is above
const boxHeight = 30;
const letterWidth = 6.7;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string) => text.replace(/[&<>"]/g, (letter) => escapes[letter]!);

const x = (frame: number) => margin + (frame + 0.5) * frameWidth;

/**
 * @param spoken what a screen reader says in place of the picture
 * @param least how many frames it has at least, so that pictures of different lengths have one scale
 */
export function draw({ inputs, expression, outputs }: Diagram, spoken: string, least = 0): string {
  const frames = Math.max(least, ...[...inputs, ...outputs].map(({ end }) => end));
  const labels = [...inputs, ...outputs].map(({ label, note }) => `${label}subscribed${note}`.length + 4);
  const width = Math.max(x(frames) + margin, margin * 2 + letterWidth * Math.max(expression.length + 2, ...labels));
  const boxTop = inputs.length * rowHeight + 8;
  const outputsTop = expression === '' ? boxTop - 8 : boxTop + boxHeight + 4;
  const height = outputsTop + outputs.length * rowHeight + 2;
  return [
    `<svg class="marbles" viewBox="0 0 ${width} ${height}" style="--width: ${width}px" role="img" aria-label="${escape(spoken)}">`,
    ...inputs.map((row, index) => drawRow(row, index * rowHeight, '')),
    expression === '' ? '' : drawBox(expression, boxTop, width),
    ...outputs.map((row, index) => drawRow(row, outputsTop + index * rowHeight, ' output')),
    '</svg>',
  ].join('');
}

function drawBox(expression: string, top: number, width: number): string {
  return (
    `<rect class="box" x="1" y="${top}" width="${width - 2}" height="${boxHeight}" rx="6"/>` +
    `<text class="expression" x="${width / 2}" y="${top + boxHeight / 2 + 4}">${escape(expression)}</text>`
  );
}

function drawRow(row: Row, top: number, extra: string): string {
  const { label, kind, note, marks } = row;
  const y = top + lineAt;
  const what = kind === 'subscription' ? `${label} subscribed` : label;
  const stacked = new Map<number, number>();
  const drawn = marks.map((mark) => {
    const before = stacked.get(mark.frame) ?? 0;
    stacked.set(mark.frame, before + 1);
    return drawMark(mark, x(mark.frame) + before * frameWidth * 0.75, y, kind);
  });
  return [
    `<g class="${kind}${extra}">`,
    `<text class="label" x="${Math.min(x(row.start), 40) - frameWidth / 2}" y="${top + 12}">${escape(what)}`,
    note === '' ? '' : `<tspan class="note" dx="8">${escape(note)}</tspan>`,
    '</text>',
    drawLine(row, y),
    ...drawn,
    '</g>',
  ].join('');
}

function drawLine({ kind, start, end, marks }: Row, y: number): string {
  const first = kind === 'subscription' ? x(marks[0]?.frame ?? start) : x(start) - frameWidth / 2;
  const last = marks.find((mark) => kind === 'context' || (mark.kind !== 'value' && mark.kind !== 'subscribe'));
  if (last !== undefined) return `<path class="line" d="M${first} ${y}H${x(last.frame)}"/>`;
  const to = x(end - 1) + frameWidth / 2;
  return `<path class="line" d="M${first} ${y}H${to}"/><path class="arrow" d="M${to - 5} ${y - 4}l5 4l-5 4"/>`;
}

function drawMark({ kind, text }: Mark, at: number, y: number, row: Row['kind']): string {
  switch (kind) {
    case 'complete':
      return `<path class="complete" d="M${at} ${y - 9}V${y + 9}"/>`;
    case 'error':
      return `<path class="error" d="M${at - 6} ${y - 6}l12 12m0 -12l-12 12"/>`;
    case 'subscribe':
    case 'unsubscribe':
      return `<path class="${kind}" d="M${at} ${y - 7}V${y + 7}"/>`;
    case 'value': {
      const hue = row === 'context' ? (text === 'd' ? 'deadline' : 'canceled') : `hue${text.charCodeAt(0) % 6}`;
      const half = Math.max(8, (text.length * letterWidth) / 2 + 3);
      return (
        `<rect class="value ${hue}" x="${at - half}" y="${y - 8}" width="${half * 2}" height="16" rx="8"/>` +
        `<text class="letter" x="${at}" y="${y + 3.7}">${escape(text)}</text>`
      );
    }
  }
}
