import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** @param {string} env @param {string} name @param {string[]} dirs */
function find(env, name, ...dirs) {
  if (process.env[env]) return process.env[env];
  const all = [...dirs, ...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/usr/sbin', '/usr/local/bin'];
  return all.map((dir) => path.join(dir, name)).find((place) => existsSync(place));
}

/** Debian keeps the programs of each version in a folder of its own. */
function postgresFolders() {
  const versions = '/usr/lib/postgresql';
  if (!existsSync(versions)) return [];
  const newestFirst = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => `${versions}/${version}/bin`);
}

export const findPostgres = () => find('POSTGRES_BIN', 'postgres', ...postgresFolders());
export const findMariadb = () => find('MARIADBD_BIN', 'mariadbd');
export const findRedis = () => find('REDIS_BIN', 'redis-server');
export const findRabbitmq = () => find('RABBITMQ_BIN', 'rabbitmq-server', '/usr/lib/rabbitmq/bin');
export const findNats = () => find('NATS_BIN', 'nats-server');
