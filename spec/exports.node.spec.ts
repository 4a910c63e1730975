import * as node from '../lib/adapters/node.js';

describe('rxjs-ctx/node', () => {
  it('exports these names, and no other', () => {
    expect(Object.keys(node).sort()).toEqual([
      'ClientGoneError',
      'ProcessSignalError',
      'processContext',
      'requestContext',
      'requests',
      'shutdown',
    ]);
  });
});
