import { defer } from 'rxjs';
import initSqlJs, { type Database } from 'sql.js';
import { goods, mostRows } from './goods.js';
import { paced, type Service } from './service.js';

const condition = 'instr(lower(name), lower(?)) ORDER BY product LIMIT ?';

/** Streams rows out of an SQLite database of its own. */
export async function catalogue(): Promise<Service> {
  const { Database } = await initSqlJs();
  const db = new Database();
  db.run('CREATE TABLE goods (product INTEGER PRIMARY KEY, name TEXT NOT NULL)');
  for (const { product, name } of goods) db.run('INSERT INTO goods VALUES (?, ?)', [product, name]);

  return (text) => {
    const wanted = [text, mostRows];
    const [found] = db.exec(`SELECT count(*) FROM (SELECT 1 FROM goods WHERE ${condition})`, wanted);
    return {
      total: Number(found?.values[0]?.[0]),
      rows$: defer(() => paced(cursor(db, `SELECT product, name FROM goods WHERE ${condition}`, wanted), 70, 60)),
    };
  };
}

/** One step of the statement for each row, and the statement is freed however it ends. */
function* cursor(db: Database, sql: string, values: (string | number)[]): Generator<object> {
  const statement = db.prepare(sql, values);
  try {
    while (statement.step()) yield statement.getAsObject();
  } finally {
    statement.free();
  }
}
