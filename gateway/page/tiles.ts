import type { Totals } from '../protocol.js';
import { html, setText, svg } from './elements.js';

const numbers = new Intl.NumberFormat('en');
const whole = (value: number) => numbers.format(value);
const samples = 75; // 15 s

interface Tile {
  readonly id: string;
  readonly title: string;
  readonly read: (totals: Totals) => number;
  readonly show: (value: number) => string;
  /** What the number says more exactly. */
  readonly note: (totals: Totals) => string;
}

const tiles: readonly Tile[] = [
  {
    id: 'contexts',
    title: 'Contexts alive',
    read: ({ contexts }) => contexts,
    show: whole,
    note: ({ viewers }) => (viewers === 1 ? '1 is for this page' : `${viewers} are for open pages`),
  },
  { id: 'rows', title: 'Rows sent', read: ({ rows }) => rows, show: whole, note: () => 'by three backends' },
  {
    id: 'saved',
    title: 'Rows saved',
    read: ({ saved }) => saved,
    show: whole,
    note: ({ saved, rows }) =>
      saved === 0 ? 'by stopping early' : `${Math.round((100 * saved) / (saved + rows))} % of all rows`,
  },
  { id: 'timers', title: 'Timers armed', read: ({ timers }) => timers, show: whole, note: () => 'as Node counts them' },
  {
    id: 'heap',
    title: 'Heap',
    read: ({ heap }) => heap / 2 ** 20,
    show: (megabytes) => `${megabytes.toFixed(1)} MB`,
    note: () => 'in four threads',
  },
];

/** The counters, each with what it was in the last seconds. */
export class Tiles {
  private readonly views;

  constructor(list: HTMLElement) {
    this.views = tiles.map((tile) => {
      const value = html('span', { class: 'value', id: `tile-${tile.id}` }, '–');
      const note = html('span', { class: 'note' }, '\u00a0');
      const trace = svg('polyline');
      const spark = svg(
        'svg',
        { viewBox: `0 0 ${samples - 1} 20`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        trace,
      );
      list.append(html('div', { class: 'tile' }, html('dt', {}, tile.title), html('dd', {}, value, note, spark)));
      return { tile, value, note, trace, past: [] as number[] };
    });
  }

  draw(totals: Totals): void {
    for (const { tile, value, note, trace, past } of this.views) {
      const now = tile.read(totals);
      past.push(now);
      if (past.length > samples) past.shift();
      setText(value, tile.show(now));
      setText(note, tile.note(totals));
      const most = Math.max(...past, 1);
      const points = past.map((then, i) => `${samples - past.length + i},${(19 - (18 * then) / most).toFixed(1)}`);
      trace.setAttribute('points', points.join(' '));
    }
  }
}
