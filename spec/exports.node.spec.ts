import * as grpc from '../lib/adapters/grpc.js';
import * as node from '../lib/adapters/node.js';
import * as eslint from '../lib/eslint/index.js';
import * as pg from '../lib/adapters/pg.js';

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

describe('rxjs-ctx/eslint', () => {
  it('exports these names, and no other', () => {
    expect(Object.keys(eslint).sort()).toEqual(['configs', 'default', 'rules']);
  });
});

describe('rxjs-ctx/pg', () => {
  it('exports these names, and no other', () => {
    expect(Object.keys(pg).sort()).toEqual(['queryCtx', 'transactionCtx']);
  });
});

describe('rxjs-ctx/grpc', () => {
  it('exports these names, and no other', () => {
    expect(Object.keys(grpc).sort()).toEqual([
      'CallCanceledError',
      'callCtx',
      'serverCallContext',
      'serviceCtx',
      'shutdown',
      'statusFrom',
    ]);
  });
});
