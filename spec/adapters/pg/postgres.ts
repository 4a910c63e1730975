// A PostgreSQL of its own for the specs: one for all of them, with a password, with and without TLS, and a Unix socket.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Pool } from 'pg';
import type { PoolConfig } from 'pg';
import { findPostgres } from '../../../scripts/databases.mjs';
import { describeWith, newFolder, runTool, startDaemon } from '../sql/daemons.js';

const program = findPostgres();
export const password = 'not a secret';

export interface Postgres {
  readonly port: number;
  /** Holds the Unix socket. */
  readonly folder: string;
  readonly pid: number;
  /** The certificate, which is its own authority. For `localhost`. */
  readonly ca: string;
}

let started: Promise<Postgres> | undefined;

/** Starts it, or returns the one that runs. It is stopped when the process ends. */
export function startPostgres(): Promise<Postgres> {
  return (started ??= start());
}

async function start(): Promise<Postgres> {
  const folder = newFolder('postgres');
  const data = path.join(folder, 'data');
  const secret = path.join(folder, 'password');
  writeFileSync(secret, password, { mode: 0o644 });
  const initdb = path.join(path.dirname(program!), 'initdb');
  runTool(initdb, ['-D', data, '-U', 'rxjs', '-A', 'scram-sha-256', `--pwfile=${secret}`, '-N', '-E', 'UTF8'], folder);
  const { key, cert } = certificate(folder);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    fsync: 'off',
    // For every connection it forks: the less there is, the quicker.
    shared_buffers: '16MB',
    max_connections: '60',
    jit: 'off',
    ssl: 'on',
    ssl_key_file: key,
    ssl_cert_file: cert,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const { port, child } = await startDaemon({
    folder,
    command: program!,
    args: (port) => ['-D', data, '-p', String(port), ...flags],
    signal: 'SIGQUIT',
  });
  const ca = spawnSync('cat', [cert], { encoding: 'utf8' }).stdout;
  const postgres = { port, folder, ca, pid: child.pid! };
  await ready(postgres);
  return postgres;
}

function certificate(folder: string) {
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  runTool('openssl', [...kind, '-keyout', key, '-out', cert, ...names], folder);
  return { key, cert };
}

/** It listens before it takes queries. */
async function ready(postgres: Postgres): Promise<void> {
  for (;;) {
    const pool = new Pool({ ...configOf(postgres), max: 1 });
    try {
      await pool.query('SELECT 1');
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== '57P03') throw error;
    } finally {
      await pool.end();
    }
  }
}

export function configOf({ port }: Postgres): PoolConfig {
  return { host: '127.0.0.1', port, user: 'rxjs', password, database: 'postgres' };
}

/** For the specs of one `describe`: pools are ended after each. */
export function usePostgres() {
  const ends: (() => Promise<unknown>)[] = [];
  const state = {} as { postgres: Postgres; admin: Pool };
  beforeAll(async () => {
    state.postgres = await startPostgres();
    state.admin = new Pool({ ...configOf(state.postgres), max: 2 });
  }, 120_000);
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  afterAll(async () => {
    await state.admin.end();
  });

  return {
    get postgres() {
      return state.postgres;
    },
    /** Looks at the server from outside. */
    get admin() {
      return state.admin;
    },
    newPool(config: PoolConfig = {}): Pool {
      const pool = new Pool({ ...configOf(state.postgres), ...config });
      pool.on('error', () => {});
      ends.push(() => (pool.ending ? Promise.resolve() : pool.end()));
      return pool;
    },
    atEnd(end: () => Promise<unknown>): void {
      ends.push(end);
    },
    /** Resolves when the server runs so many statements with that text in them. */
    async running(text: string, count = 1): Promise<void> {
      for (;;) if ((await activeWith(state.admin, text)) === count) return;
    },
  };
}

/** How many statements with that text the server runs. */
export async function activeWith(admin: Pool, text: string): Promise<number> {
  const { rows } = await admin.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE state = 'active' AND pid <> pg_backend_pid() AND position($1 in query) > 0`,
    [text],
  );
  return rows[0]!.count;
}

export function describePostgres(name: string, body: () => void): void {
  describeWith('PostgreSQL', program, name, body);
}
