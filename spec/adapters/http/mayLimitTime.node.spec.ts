// No door has it, so the package cannot be asked: it runs against the sources alone.
import { mayLimitTime } from '../../../lib/adapters/http/timeoutHeaders.js';

describe('mayLimitTime', () => {
  it('says no only where no header has a name that limits the time', () => {
    const other = ['Host', 'localhost', 'X-Mine', 'connect-timeout-ms'];
    expect(mayLimitTime(other)).toBeFalse();
    expect(mayLimitTime([])).toBeFalse();
    for (const name of ['connect-timeout-ms', 'grpc-timeout', 'x-envoy-expected-rq-timeout-ms']) {
      expect(mayLimitTime([...other, name.toUpperCase(), '5'])).toBeTrue();
      expect(mayLimitTime([name, '5', ...other])).toBeTrue();
    }
    // A request that is made up has none.
    expect(mayLimitTime(undefined)).toBeTrue();
  });
});
