// The entry point of `rxjs-ctx/http`: what crosses from one process to the next. For browsers and servers alike.
export { timeoutFrom, timeoutHeaders } from './http/timeoutHeaders.js';
export type { HeadersLike, TimeoutHeadersOptions } from './http/timeoutHeaders.js';
export { baggageHeaders, withBaggage } from './http/baggage.js';
export { fetchCtx } from './http/fetchCtx.js';
export { retryAfter } from './http/retryAfter.js';
export { serveCtx } from './http/serveCtx.js';
export { webRequestContext } from './http/webRequestContext.js';
export type { ServeOptions } from './http/webRequestContext.js';
export { ClientGoneError } from './http/clientGoneError.js';
