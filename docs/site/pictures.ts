// The pictures of how-it-works.md: contexts are made, and what they really hold of each other is drawn.
import { afterFunc, background, contextKey, withCancel, withTimeout, withValue } from '../../lib/index.js';
import type { Context } from '../../lib/index.js';
import { toInternal } from '../../lib/core/foreign.js';
import type { ContextNode } from '../../lib/core/contextNode.js';
import { listenerCount } from '../../lib/testing/index.js';

interface Place {
  readonly name: string;
  readonly ctx: ContextNode;
  readonly column: number;
  readonly row: number;
}

const box = { width: 136, height: 46 };
const gap = { x: 14, y: 44 };
const x = ({ column }: Place) => 12 + (column + 0.5) * (box.width + gap.x) - gap.x / 2;
const y = ({ row }: Place) => 12 + row * (box.height + gap.y);

/** By the name of the file in docs/pictures. */
export function pictures(): Record<string, string> {
  const user = contextKey<string>('user');
  const [server] = withCancel(background());
  const [request, cancel] = withTimeout(server, 2_000);
  const values = withValue(request, user, 'Ann');
  const [query] = withCancel(values);
  const [forgotten] = withCancel(values);
  const [other] = withCancel(server);
  const places = (
    [
      ['root', background(), 1, 0],
      ['server', server, 1, 1],
      ['request', request, 0.5, 2],
      ['other request', other, 2, 2],
      ['with a user', values, 0.5, 3],
      ['query', query, 0, 4],
      ['forgotten', forgotten, 1, 4],
    ] as [string, Context, number, number][]
  ).map(([name, ctx, column, row]): Place => ({ name, ctx: toInternal(ctx, 'pictures'), column, row }));

  const unheard = drawTree('Nobody listens: every context knows its parent, and no parent knows a child', places);
  const stop = afterFunc(query, () => undefined);
  const heard = drawTree('Somebody listens to the query: its parents know the way down to it', places);
  stop();
  cancel();
  const canceled = drawTree('The request is canceled: one context stores the end, and all below are done', places);
  return { 'unheard.svg': unheard, 'heard.svg': heard, 'canceled.svg': canceled };
}

function drawTree(title: string, places: readonly Place[]): string {
  const width = 12 * 2 + 3 * (box.width + gap.x) - gap.x;
  const height = 12 * 2 + 5 * box.height + 4 * gap.y + 24;
  const stored = places.map(({ ctx }) => ctx.canceler === ctx && ctx.canceler.end !== undefined); // before anybody asks
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
  <title>${title}</title>
  <style>
    svg { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
    rect { fill: #f6f8fa; stroke: #8c959f; stroke-width: 1.25; }
    .carries rect { stroke-dasharray: 3 3; }
    .done rect { fill: #fdeae3; stroke: #cf3b12; }
    text { fill: #57606a; text-anchor: middle; }
    .name { fill: #1f2328; font-weight: 600; }
    .up { stroke: #8c959f; stroke-width: 1.25; fill: none; }
    .down { stroke: #2f9e63; stroke-width: 2.5; fill: none; }
    .listener { fill: #2f9e63; }
    .end { fill: #cf3b12; }
    @media (prefers-color-scheme: dark) {
      rect { fill: #161b22; stroke: #6e7781; }
      .done rect { fill: #3a1c12; stroke: #ff7a4d; }
      text { fill: #9aa5b1; }
      .name { fill: #e6edf3; }
      .up { stroke: #6e7781; }
      .down { stroke: #3fb37a; }
      .listener { fill: #3fb37a; }
      .end { fill: #ff7a4d; }
    }
  </style>
  ${tip('up')}
  ${tip('down')}
${places.flatMap((place) => drawLinks(place, places)).join('\n')}
${places.map((place, index) => drawContext(place, stored[index] === true)).join('\n')}
</svg>
`;
}

/** Up: what a context was derived from. Down: which children it holds, from the nearest context that can end. */
function drawLinks(place: Place, places: readonly Place[]): string[] {
  const { ctx } = place;
  const parent = places.find((other) => other.ctx === ctx.parent && other !== place);
  const links =
    parent === undefined ? [] : [arrow('up', `M${x(place)} ${y(place)}L${x(parent)} ${y(parent) + box.height}`)];
  const above = ctx.canceler === ctx ? places.find((other) => other.ctx === ctx.canceler?.parent?.canceler) : undefined;
  if (above !== undefined && ctx.canceler?.list?.list !== undefined) {
    // To the left of the way up, and round what lies in between: it holds nothing of the child.
    const [x1, y1, x2] = [x(above) - 40, y(above) + box.height, x(place) - 29];
    links.push(arrow('down', `M${x1} ${y1}C${x1} ${y1 + 30} ${x2} ${y1 + 14} ${x2} ${y1 + gap.y}V${y(place)}`));
  }
  return links;
}

function arrow(kind: 'up' | 'down', path: string): string {
  return `  <path class="${kind}" d="${path}" marker-end="url(#${kind})"/>`;
}

function tip(kind: 'up' | 'down'): string {
  const path = `<path class="${kind}" d="M1 1L6 4L1 7"/>`;
  return `<marker id="${kind}" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">${path}</marker>`;
}

function drawContext(place: Place, stores: boolean): string {
  const { ctx, name } = place;
  const how = /\w+(?=(\([^)]*\))?$)/.exec(String(ctx).replace(/, .*?\)/, ')'))?.[0] ?? '';
  const own = ctx.canceler === ctx ? listenerCount(ctx) - childCount(ctx) : 0;
  const state = [ctx.canceler !== ctx && 'carries', ctx.err !== undefined && 'done'].filter(Boolean).join(' ');
  const [left, top] = [x(place) - box.width / 2, y(place)];
  return [
    `  <g class="${state}">`,
    `    <rect x="${left}" y="${top}" width="${box.width}" height="${box.height}" rx="7"/>`,
    `    <text class="name" x="${x(place)}" y="${top + 19}">${name}</text>`,
    `    <text x="${x(place)}" y="${top + 35}">${ctx.err === undefined ? how : ctx.err.message}</text>`,
    ...(own > 0
      ? [
          `    <circle class="listener" cx="${x(place)}" cy="${top + box.height + 12}" r="5"/>`,
          `    <text x="${x(place)}" y="${top + box.height + 30}">${own} listener</text>`,
        ]
      : []),
    ...(stores ? [`    <circle class="end" cx="${left + box.width - 12}" cy="${top + 12}" r="5"/>`] : []),
    '  </g>',
  ].join('\n');
}

function childCount({ canceler }: ContextNode): number {
  const first = canceler?.list?.children;
  let count = first === undefined ? 0 : 1;
  for (let cell = first?.next; cell !== first; cell = cell?.next) count++;
  return count;
}
