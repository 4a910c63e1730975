// Timers, clocks, and where errors go that nobody handles.

/** A timer that was armed. */
export interface Timer {
  /** Disarms it. */
  unsubscribe(): void;
}

/** What tells the time and arms timers. Any RxJS scheduler is one. */
export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Calls `work` once, in `delayMs` and not before this has returned. */
  schedule(work: () => void, delayMs: number): Timer;
}

/** The host's own. Looks `Date` and `setTimeout` up at each call, because test tools replace them. */
export const hostClock: Clock = {
  now: () => Date.now(),
  schedule(work, delayMs) {
    const id = setTimeout(work, delayMs);
    return {
      unsubscribe() {
        clearTimeout(id);
      },
    };
  },
};

/** What a family of observables brings: RxJS 7, RxJS 9, or none. */
export interface Streams {
  readonly clock: Clock;
  /** The `done$` of a context that cannot end. */
  readonly never: unknown;
  /** Makes the `done$` of a context. `listen` calls its argument with `err`, at once if the context is done. */
  done(listen: (emit: (err: unknown) => void) => Timer): unknown;
  /** Whether `done$`, of a context that is not ours, is an observable of this family. */
  fits(done$: unknown): boolean;
  report(error: unknown): void;
}

const families: Streams[] = [];
/** No family: the host's clock. The first family that is registered, if there is one, makes the `done$` of such contexts. */
export const hostStreams: Streams = {
  clock: hostClock,
  get never() {
    return families[0]?.never;
  },
  done: (listen) => families[0]?.done(listen),
  fits: () => false,
  report(error) {
    hostClock.schedule(() => {
      throw error;
    }, 0);
  },
};

/** Called by each entry point that knows observables, when it is loaded. */
export function register(streams: Streams): void {
  families.push(streams);
}

/** The family of an observable or, where none fits, the first that was registered. */
export function streamsFor(done$: unknown): Streams {
  return families.find((streams) => streams.fits(done$)) ?? [...families, hostStreams][0]!;
}

/** Reports an error that nobody handles: later, as RxJS does where it is loaded, or else to the host. */
export function report(error: unknown): void {
  streamsFor(undefined).report(error);
}

/** What a timer calls. */
export interface TimerTarget {
  /** Set while a timer is armed. */
  timer: Timer | undefined;
  /** Ms that the host could not wait for in one go; 0 when the whole delay is over. */
  restMs: number;
  onTimer(): void;
}

/** Hosts take the delay of a timer as a signed 32-bit number of ms: about 24.8 days. A longer one would fire at once. */
export const longestDelayMs = 2 ** 31 - 1;

/**
 * Has `target.onTimer()` called once, in `delayMs` and not from within this, even if the clock calls twice or at once.
 *
 * @param delayMs negative or NaN counts as 0
 */
export function arm(target: TimerTarget, clock: Clock, delayMs: number): void {
  let timer: Timer | undefined;
  let early = false;
  const fire = () => {
    if (timer === undefined) early = true;
    else if (target.timer === timer) {
      target.timer = undefined;
      target.onTimer();
    }
  };
  const wholeMs = delayMs > 0 ? delayMs : 0;
  const delay = Math.min(wholeMs, longestDelayMs);
  target.restMs = wholeMs - delay;
  const scheduled = clock.schedule(fire, delay);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the clock may have called
  target.timer = timer = early ? streamsFor(undefined).clock.schedule(fire, delay) : scheduled;
}
