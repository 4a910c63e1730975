// How much random use the laws see. On Node, RXJS_CTX_HISTORIES=200 makes them cheap (for mutation testing), and RXJS_CTX_SEED
// repeats a run that failed. A browser knows neither.
const env = typeof process === 'undefined' ? {} : process.env;

export const histories = Number(env.RXJS_CTX_HISTORIES ?? 10_000);
export const seed = Number(env.RXJS_CTX_SEED ?? Math.floor(Math.random() * 2 ** 31));
