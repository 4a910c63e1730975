import { nameErrors } from '../../core/errors.js';

/**
 * The client went before the response to it was finished: the connection was lost, or the HTTP/2 stream was reset. While a part
 * of an HTTP/1.1 request lies unread, Node does not notice.
 */
export class ClientGoneError extends Error {
  /** Also where the class has been minified. */
  declare readonly name: 'ClientGoneError';

  constructor() {
    super('client gone before the response was finished');
  }

  static {
    nameErrors(this, 'ClientGoneError');
  }
}
