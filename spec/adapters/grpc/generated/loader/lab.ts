import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { LabClient as _lab_LabClient, LabDefinition as _lab_LabDefinition } from './lab/Lab.js';
import type { Ping as _lab_Ping, Ping__Output as _lab_Ping__Output } from './lab/Ping.js';
import type { Pong as _lab_Pong, Pong__Output as _lab_Pong__Output } from './lab/Pong.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  lab: {
    Lab: SubtypeConstructor<typeof grpc.Client, _lab_LabClient> & { service: _lab_LabDefinition }
    Ping: MessageTypeDefinition<_lab_Ping, _lab_Ping__Output>
    Pong: MessageTypeDefinition<_lab_Pong, _lab_Pong__Output>
  }
}

