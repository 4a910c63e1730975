// Makes a call that the server does not answer, and waits to be killed.
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import { background } from '../../../../lib/index.js';
import { callCtx } from '../../../../lib/adapters/grpc.js';
import { LabService } from '../generated/lab.js';

const client = new Client(`127.0.0.1:${process.argv[2]!}`, credentials.createInsecure());
const metadata = new Metadata();
metadata.set('mode', 'hang');
callCtx(background(), client, LabService.down, { text: '', count: 1, data: Buffer.alloc(0) }, { metadata }).subscribe();
