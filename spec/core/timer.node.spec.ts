import { hostClock, hostStreams } from '../../lib/core/timer.js';

describe('the clock of the host', () => {
  it('tells the time, and arms timers that can be disarmed', async () => {
    expect(Math.abs(hostClock.now() - Date.now())).toBeLessThan(1000);
    const fired: string[] = [];
    hostClock.schedule(() => fired.push('disarmed'), 0).unsubscribe();
    await new Promise<void>((resolve) => {
      hostClock.schedule(() => {
        fired.push('fired');
        resolve();
      }, 1);
    });
    expect(fired).toEqual(['fired']);
  });

  it('reports errors to the host', () => {
    const schedule = spyOn(hostClock, 'schedule');
    hostStreams.report(new Error('nobody handles this'));
    expect(schedule.calls.argsFor(0)[0]).toThrowError('nobody handles this');
    expect(hostStreams.fits({})).toBeFalse();
  });
});
