// What the gateway, its backends and the page tell each other.

export const backendNames = ['catalogue', 'prices', 'reviews'] as const;
export type BackendName = (typeof backendNames)[number];

export interface Query {
  readonly text: string;
  /** How long the search may take. */
  readonly deadlineMs: number;
  /** A backend, or `all`, and what is to become of it in mid-answer: `reviews hangs`. Or nothing. */
  readonly trouble: string;
}

/** A line of an answer: what one backend knows of one product. */
export type Row =
  | { readonly from: 'catalogue'; readonly product: number; readonly name: string }
  | { readonly from: 'prices'; readonly product: number; readonly price: number }
  | { readonly from: 'reviews'; readonly product: number; readonly stars: number };

export type How = 'completed' | 'canceled' | 'deadline' | 'failed';

/** Something to draw. A lane is a request's, or with `from` that of one of its calls; `at` is epoch ms. */
export type Mark =
  | {
      readonly mark: 'request';
      readonly lane: string;
      readonly at: number;
      readonly deadline?: number | undefined;
      readonly text: string;
      /** Whose search it is. */
      readonly viewer: string;
    }
  | { readonly mark: 'call'; readonly lane: string; readonly at: number; readonly from: BackendName }
  | { readonly mark: 'row'; readonly lane: string; readonly at: number; readonly from: BackendName }
  | {
      readonly mark: 'end';
      readonly lane: string;
      readonly at: number;
      readonly from?: BackendName | undefined;
      readonly how: How;
      readonly why?: string | undefined;
    }
  | {
      /** Why its client is about to go: the gateway only sees that it has gone. May come before the request. */
      readonly mark: 'reason';
      readonly lane: string;
      readonly at: number;
      readonly why: string;
    }
  | Stop;

/** What a backend says of itself when it stops early. */
export interface Stop {
  readonly mark: 'stopped';
  readonly lane: string;
  readonly at: number;
  readonly from: BackendName;
  readonly rows: number;
  /** How many there would have been. */
  readonly total: number;
}

export interface Counts {
  /** Contexts that are not done. */
  readonly contexts: number;
  /** Rows sent by the backends. */
  readonly rows: number;
  /** Rows that the backends did not send, because they stopped early. */
  readonly saved: number;
  /** Requests to the backends that stopped early. */
  readonly stopped: number;
  /** Timers that keep Node awake, by its own count. */
  readonly timers: number;
  /** Bytes in use. */
  readonly heap: number;
}

export interface Totals extends Counts {
  readonly viewers: number;
  readonly backends: Readonly<Record<BackendName, Counts>>;
}

/** The server-sent events, by their names. */
export interface ViewerEvents {
  /** Comes first. */
  readonly hello: { readonly now: number };
  readonly marks: readonly Mark[];
  readonly totals: Totals;
}

/** What a viewer asks for, besides the searches of its own browser. */
export type Command =
  | { readonly do: 'start'; readonly count: number; readonly query: Query }
  /** Without a lane: all that this viewer started. */
  | { readonly do: 'cancel'; readonly lane?: string | undefined };
