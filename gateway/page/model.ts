// What the marks add up to.
import type { BackendName, How, Mark, Stop } from '../protocol.js';

export const states = ['running', 'completed', 'canceled', 'deadline', 'failed'] as const satisfies ('running' | How)[];
export type State = (typeof states)[number];

export interface Dot {
  readonly at: number;
  readonly from: BackendName;
}

interface Line {
  readonly at: number;
  readonly rows: Dot[];
  end?: Extract<Mark, { mark: 'end' }>;
}

export interface Call extends Line {
  readonly from: BackendName;
  /** What the backend itself said, when it stopped early. */
  stop?: Stop;
}

export interface Search extends Line {
  readonly lane: string;
  readonly text: string;
  readonly viewer: string;
  readonly deadline: number | undefined;
  /** How many came before it. */
  readonly n: number;
  readonly calls: Call[];
  /** Counts the changes. */
  version: number;
}

const mostSearches = 400;

export class Model {
  /** The oldest first. */
  readonly searches: Search[] = [];
  readonly tally: Record<State, number> = { running: 0, completed: 0, canceled: 0, deadline: 0, failed: 0 };
  /** When the last thing happened, of all that is known, by the gateway's clock. */
  newestAt = 0;
  /** Why its client ended a search, by its lane. The first reason is the one. */
  readonly reasons = new Map<string, string>();
  private readonly byLane = new Map<string, Search>();
  private started = 0;

  get(lane: string): Search | undefined {
    return this.byLane.get(lane);
  }

  /** @returns the searches that changed */
  apply(marks: readonly Mark[]): ReadonlySet<Search> {
    const changed = new Set<Search>();
    for (const mark of marks) {
      this.newestAt = Math.max(this.newestAt, mark.at);
      if (mark.mark === 'reason') {
        this.explain(mark.lane, mark.why);
        continue;
      }
      const search = mark.mark === 'request' ? this.start(mark) : this.byLane.get(mark.lane);
      // One that began before this page was there.
      if (search === undefined) continue;
      this.draw(search, mark);
      search.version++;
      changed.add(search);
    }
    return changed;
  }

  explain(lane: string, why: string): void {
    if (!this.reasons.has(lane)) this.reasons.set(lane, why);
  }

  /** Forgets all: after a gap nobody knows how they went on. */
  clear(): void {
    this.searches.length = 0;
    this.byLane.clear();
    this.reasons.clear();
    this.started = 0;
    for (const state of states) this.tally[state] = 0;
  }

  private start({ lane, text, viewer, at, deadline }: Extract<Mark, { mark: 'request' }>): Search {
    const search: Search = { lane, text, viewer, at, deadline, n: this.started++, rows: [], calls: [], version: 0 };
    this.searches.push(search);
    this.byLane.set(lane, search);
    this.tally.running++;
    if (this.searches.length > mostSearches) this.drop(this.searches.find(({ end }) => end !== undefined));
    return search;
  }

  private drop(search: Search | undefined): void {
    if (search === undefined) return;
    this.searches.splice(this.searches.indexOf(search), 1);
    this.byLane.delete(search.lane);
    this.reasons.delete(search.lane);
    this.tally[stateOf(search)]--;
  }

  private draw(search: Search, mark: Exclude<Mark, { mark: 'reason' }>): void {
    if (mark.mark === 'request') return;
    if (mark.mark === 'call') search.calls.push({ from: mark.from, at: mark.at, rows: [] });
    const call = search.calls.find(({ from }) => from === mark.from);
    if (mark.mark === 'row') {
      // What a call emits, the search emits in the same instant.
      call?.rows.push(mark);
      search.rows.push(mark);
    } else if (mark.mark === 'stopped') {
      if (call !== undefined) call.stop = mark;
    } else if (mark.mark === 'end') {
      this.tally.running -= call === undefined ? 1 : 0;
      this.tally[mark.how] += call === undefined ? 1 : 0;
      (call ?? search).end = mark;
    }
  }
}

export function stateOf({ end }: Line): State {
  return end?.how ?? 'running';
}
