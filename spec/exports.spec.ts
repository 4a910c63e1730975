import * as connect from '../lib/adapters/connect.js';
import * as http from '../lib/adapters/http.js';
import * as core from '../lib/core.js';
import * as debug from '../lib/debug/index.js';
import * as root from '../lib/index.js';
import * as testing from '../lib/testing/index.js';

const names = (module: object) => Object.keys(module).sort();

describe('rxjs-ctx', () => {
  it('exports these names, and no other', () => {
    expect(names(root)).toEqual(
      [
        ...['background', 'todo', 'withCancel', 'withDeadline', 'withTimeout', 'withValue', 'withoutCancel'],
        ...['withScheduler', 'withCancelOn'],
        ...['contextKey', 'afterFunc', 'errorOf', 'throwIfDone', 'remaining'],
        ...['CanceledError', 'DeadlineExceededError', 'isCanceled', 'isDeadlineExceeded'],
        ...['takeUntilCtx', 'throwOnCtx', 'withTimeoutCtx', 'withDeadlineCtx', 'ctxValue', 'usingCtx'],
        ...['switchMapCtx', 'mergeMapCtx', 'concatMapCtx', 'exhaustMapCtx'],
        ...['groupCtx', 'allCtx', 'untilCtx', 'sleepCtx', 'iterateCtx'],
        ...['retryCtx', 'retryBudget', 'hedgeCtx'],
      ].sort(),
    );
  });
});

describe('rxjs-ctx/core', () => {
  it('exports these names, and no other', () => {
    expect(names(core)).toEqual(
      [
        ...['background', 'todo', 'withCancel', 'withDeadline', 'withTimeout', 'withValue', 'withoutCancel'],
        ...['withScheduler', 'withCancelOn'],
        ...['contextKey', 'afterFunc', 'errorOf', 'throwIfDone', 'remaining'],
        ...['CanceledError', 'DeadlineExceededError', 'isCanceled', 'isDeadlineExceeded'],
        ...['untilCtx', 'sleepCtx'],
      ].sort(),
    );
  });
});

describe('rxjs-ctx/debug', () => {
  it('exports these names, and no other', () => {
    expect(names(debug)).toEqual(['ctxTree', 'debugContexts', 'nameCtx', 'printCtxTree', 'publishContexts']);
  });
});

describe('rxjs-ctx/http', () => {
  it('exports these names, and no other', () => {
    expect(names(http)).toEqual([
      'ClientGoneError',
      'baggageHeaders',
      'fetchCtx',
      'retryAfter',
      'serveCtx',
      'timeoutFrom',
      'timeoutHeaders',
      'webRequestContext',
      'withBaggage',
    ]);
  });
});

describe('rxjs-ctx/connect', () => {
  it('exports these names, and no other', () => {
    expect(names(connect)).toEqual(['callCtx', 'connectCtxKey', 'connectErrorFrom', 'handlerContext', 'serviceCtx']);
  });
});

describe('rxjs-ctx/testing', () => {
  it('exports these names, and no other', () => {
    expect(names(testing)).toEqual(['ctxHelpers', 'listenerCount', 'trackContexts']);
  });
});
