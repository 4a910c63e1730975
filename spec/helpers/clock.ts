import { VirtualTimeScheduler } from 'rxjs';

/** A scheduler whose time passes only when a spec says so. Its timers fire in order, and `actions` holds those that are armed. */
export class Clock extends VirtualTimeScheduler {
  constructor(at = 0) {
    super();
    this.frame = at;
  }

  /** Time passes, and every timer that falls due fires at its own time. */
  advance(ms: number): void {
    const until = this.frame + ms;
    this.maxFrames = until;
    this.flush();
    this.frame = until;
  }

  /** Time passes, but no timer gets to fire: a busy loop. */
  jump(ms: number): void {
    this.frame += ms;
  }

  // The inherited one would turn the clock back to fire a timer that is late.
  override flush(): void {
    let fired = 0;
    for (let action = this.actions[0]; action && action.delay <= this.maxFrames; action = this.actions[0]) {
      this.actions.shift();
      if (++fired > 100_000) throw new Error('timers fire without end');
      this.frame = Math.max(this.frame, action.delay);
      const error: unknown = action.execute(action.state, action.delay);
      if (error) throw error as Error;
    }
  }
}
