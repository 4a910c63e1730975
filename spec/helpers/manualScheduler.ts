import { Subscription } from 'rxjs';
import type { SchedulerAction, SchedulerLike } from 'rxjs';

/** A scheduler whose every timer a spec fires by hand, when and as often as it likes. */
export class ManualScheduler implements SchedulerLike {
  time = 0;
  readonly timers: { delay: number; canceled: boolean; fire: () => void }[] = [];
  /** Called within `schedule`, with what it is about to return. */
  onSchedule: (fire: () => void) => void = () => undefined;
  onCancel: () => void = () => undefined;

  now(): number {
    return this.time;
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    const timer = {
      delay,
      canceled: false,
      fire: () => {
        work.call(action, state);
      },
    };
    const action = new Subscription(() => {
      timer.canceled = true;
      this.onCancel();
    }) as SchedulerAction<T>;
    this.timers.push(timer);
    this.onSchedule(timer.fire);
    return action;
  }

  get armed(): number {
    return this.timers.filter(({ canceled }) => !canceled).length;
  }
}
