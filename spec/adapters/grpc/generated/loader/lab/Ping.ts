// Original file: lab.proto


export interface Ping {
  'text'?: (string);
  'count'?: (number);
  'data'?: (Buffer | Uint8Array | string);
}

export interface Ping__Output {
  'text'?: (string);
  'count'?: (number);
  'data'?: (Buffer);
}
