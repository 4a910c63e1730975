declare module 'whatwg-fetch' {
  export const fetch: typeof globalThis.fetch;
  export const Response: typeof globalThis.Response;
}
