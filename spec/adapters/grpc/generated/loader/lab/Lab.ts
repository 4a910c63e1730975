// Original file: lab.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { Ping as _lab_Ping, Ping__Output as _lab_Ping__Output } from '../lab/Ping.js';
import type { Pong as _lab_Pong, Pong__Output as _lab_Pong__Output } from '../lab/Pong.js';

export interface LabClient extends grpc.Client {
  Both(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_lab_Ping, _lab_Pong__Output>;
  Both(options?: grpc.CallOptions): grpc.ClientDuplexStream<_lab_Ping, _lab_Pong__Output>;
  both(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_lab_Ping, _lab_Pong__Output>;
  both(options?: grpc.CallOptions): grpc.ClientDuplexStream<_lab_Ping, _lab_Pong__Output>;
  
  Down(argument: _lab_Ping, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_lab_Pong__Output>;
  Down(argument: _lab_Ping, options?: grpc.CallOptions): grpc.ClientReadableStream<_lab_Pong__Output>;
  down(argument: _lab_Ping, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_lab_Pong__Output>;
  down(argument: _lab_Ping, options?: grpc.CallOptions): grpc.ClientReadableStream<_lab_Pong__Output>;
  
  Unary(argument: _lab_Ping, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientUnaryCall;
  Unary(argument: _lab_Ping, metadata: grpc.Metadata, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientUnaryCall;
  Unary(argument: _lab_Ping, options: grpc.CallOptions, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientUnaryCall;
  Unary(argument: _lab_Ping, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientUnaryCall;
  unary(argument: _lab_Ping, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientUnaryCall;
  unary(argument: _lab_Ping, metadata: grpc.Metadata, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientUnaryCall;
  unary(argument: _lab_Ping, options: grpc.CallOptions, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientUnaryCall;
  unary(argument: _lab_Ping, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientUnaryCall;
  
  Up(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientWritableStream<_lab_Ping>;
  Up(metadata: grpc.Metadata, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientWritableStream<_lab_Ping>;
  Up(options: grpc.CallOptions, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientWritableStream<_lab_Ping>;
  Up(callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientWritableStream<_lab_Ping>;
  up(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientWritableStream<_lab_Ping>;
  up(metadata: grpc.Metadata, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientWritableStream<_lab_Ping>;
  up(options: grpc.CallOptions, callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientWritableStream<_lab_Ping>;
  up(callback: grpc.requestCallback<_lab_Pong__Output>): grpc.ClientWritableStream<_lab_Ping>;
  
}

export interface LabHandlers extends grpc.UntypedServiceImplementation {
  Both: grpc.handleBidiStreamingCall<_lab_Ping__Output, _lab_Pong>;
  
  Down: grpc.handleServerStreamingCall<_lab_Ping__Output, _lab_Pong>;
  
  Unary: grpc.handleUnaryCall<_lab_Ping__Output, _lab_Pong>;
  
  Up: grpc.handleClientStreamingCall<_lab_Ping__Output, _lab_Pong>;
  
}

export interface LabDefinition extends grpc.ServiceDefinition {
  Both: MethodDefinition<_lab_Ping, _lab_Pong, _lab_Ping__Output, _lab_Pong__Output>
  Down: MethodDefinition<_lab_Ping, _lab_Pong, _lab_Ping__Output, _lab_Pong__Output>
  Unary: MethodDefinition<_lab_Ping, _lab_Pong, _lab_Ping__Output, _lab_Pong__Output>
  Up: MethodDefinition<_lab_Ping, _lab_Pong, _lab_Ping__Output, _lab_Pong__Output>
}
