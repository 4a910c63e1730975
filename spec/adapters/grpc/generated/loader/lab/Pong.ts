// Original file: lab.proto


export interface Pong {
  'text'?: (string);
  'count'?: (number);
  'data'?: (Buffer | Uint8Array | string);
}

export interface Pong__Output {
  'text'?: (string);
  'count'?: (number);
  'data'?: (Buffer);
}
