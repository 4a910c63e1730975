import { Metadata } from '@grpc/grpc-js';
import { throwError } from 'rxjs';
import { callCtx, statusFrom } from '../../../lib/adapters/grpc.js';
import { CanceledError, DeadlineExceededError, background } from '../../../lib/index.js';
import { LabService } from './generated/lab.js';
import { outcome, ping, useLabs } from './lab.js';

describe('statusFrom', () => {
  const { serve } = useLabs();
  const metadata = new Metadata();
  const rows: [name: string, error: unknown, status: object][] = [
    ['a deadline', new DeadlineExceededError(), { code: 4, details: 'context deadline exceeded' }],
    ['a cancel', new CanceledError('why'), { code: 1, details: 'context canceled' }],
    ['a code', { code: 5, details: 'none', message: 'no' }, { code: 5, details: 'none' }],
    ['a code and a message', Object.assign(new Error('none'), { code: 16 }), { code: 16, details: 'none' }],
    ['a code alone', { code: 7 }, { code: 7, details: '' }],
    ['metadata', { code: 5, details: '', metadata }, { code: 5, details: '', metadata }],
    ['metadata of another kind', { code: 5, details: '', metadata: {} }, { code: 5, details: '' }],
    ['no code of gRPC', Object.assign(new Error('oops'), { code: 17 }), { code: 2, details: 'oops' }],
    ['code 0', Object.assign(new Error('oops'), { code: 0 }), { code: 2, details: 'oops' }],
    ['a code of Node', Object.assign(new Error('oops'), { code: 'ENOENT' }), { code: 2, details: 'oops' }],
    ['an aborted fetch', new DOMException('aborted', 'AbortError'), { code: 2, details: 'aborted' }],
    ['a DOMException with a small code', new DOMException('none', 'NotFoundError'), { code: 2, details: 'none' }],
    ['an error', new Error('oops'), { code: 2, details: 'oops' }],
    ['a string', 'oops', { code: 2, details: 'oops' }],
    ['nothing', undefined, { code: 2, details: 'undefined' }],
    ['null', null, { code: 2, details: 'null' }],
    ['an object that says nothing', Object.create(null), { code: 2, details: '[object Object]' }],
    ['half a character', new Error('a\ud800b'), { code: 2, details: 'a\ufffdb' }],
    ['a whole one', new Error('a\u{1f600}b'), { code: 2, details: 'a\u{1f600}b' }],
  ];

  for (const [name, error, status] of rows) {
    it(`makes a status of ${name}, which reaches the client`, async () => {
      expect(statusFrom(error)).toEqual(status as ReturnType<typeof statusFrom>);
      const { client } = await serve({ handlers: { unary: () => throwError(() => error) } });
      const { code, details } = (await outcome(callCtx(background(), client, LabService.unary, ping()))).error as {
        code: number;
        details: string;
      };
      expect({ code, details }).toEqual(
        jasmine.objectContaining({ code: statusFrom(error).code, details: statusFrom(error).details }),
      );
    });
  }
});
