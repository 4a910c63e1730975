// What is drawn, said in words.
import type { Call, Search } from './model.js';

export function duration(ms: number): string {
  return ms < 995 ? `${Math.max(0, Math.round(ms))} ms` : `${(ms / 1000).toFixed(ms < 9_950 ? 2 : 1)} s`;
}

export function rowCount(rows: number): string {
  return rows === 1 ? '1 row' : `${rows} rows`;
}

/** In short, and with what can be said before it. */
export function ofSearch(search: Search, now: number, reason: string | undefined): readonly [string, string] {
  const { end } = search;
  return end?.how === 'canceled' && reason !== undefined ? [`${end.why!}: `, reason] : ['', plainly(search, now)];
}

function plainly({ at, deadline, end, rows }: Search, now: number): string {
  switch (end?.how) {
    case undefined:
      return deadline === undefined ? 'running' : `${(Math.max(0, deadline - now) / 1_000).toFixed(1)} s left`;
    case 'completed':
      return `${rowCount(rows.length)} in ${duration(end.at - at)}`;
    case 'canceled':
    case 'failed':
      return end.why!;
    case 'deadline':
      return 'deadline exceeded';
  }
}

/** For who made the search: a sentence. */
export function outcome(search: Search | undefined, now: number, reason: string | undefined): string {
  if (search?.end === undefined) return 'Searching …';
  const [, words] = ofSearch(search, now, reason);
  const came = search.end.how === 'completed' ? '' : `, ${rowCount(search.rows.length)} came`;
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${came}.`;
}

/** In short, and what can be said besides. */
export function ofCall({ end, rows, stop }: Call): readonly [string, string] {
  const came = rows.length === 1 ? ' row' : ' rows';
  if (end?.how === 'failed') return [String(rows.length), `${came}, then ${end.why!}`];
  if (stop === undefined || end === undefined) return [String(rows.length), came];
  const afterMs = stop.at - end.at;
  return [`${stop.rows} of ${stop.total}`, ` rows, stopped ${afterMs < 1 ? 'at once' : `in ${duration(afterMs)}`}`];
}
