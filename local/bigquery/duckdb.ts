import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { MACRO_DEFINITIONS } from './googlesql-macros.ts';

export type { DuckDBConnection } from '@duckdb/node-api';

/** The attached in-memory database that keeps the results of SELECT jobs, as anonymous tables do. */
export const RESULTS = 'results';

const SETTINGS = { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' };

/** How GoogleSQL orders nulls, reads times and computes, which DuckDB does otherwise by default. */
const SESSION = [
  "SET TimeZone='UTC'",
  "SET default_null_order='nulls_first_on_asc_last_on_desc'",
  ...MACRO_DEFINITIONS,
];

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * One DuckDB file. Readers run side by side, each on a connection of its own that sees a consistent snapshot;
 * writers take turns, each in a transaction, so they never conflict.
 */
export class Database {
  readonly #instance: DuckDBInstance;
  readonly #idle: DuckDBConnection[] = [];
  #lastWrite: Promise<unknown> = Promise.resolve();

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  /**
   * Opens or creates the file.
   *
   * @param file the database's path
   * @param memoryLimit what DuckDB may use before it spills to disk, e.g. `512MB`
   */
  static async open(file: string, memoryLimit = '512MB'): Promise<Database> {
    mkdirSync(dirname(file), { recursive: true });
    const instance = await DuckDBInstance.create(file, {
      ...SETTINGS,
      memory_limit: memoryLimit,
      threads: '2',
      temp_directory: join(dirname(file), 'spill'),
    });
    const database = new Database(instance);
    await database.read((connection) => connection.run(`ATTACH ':memory:' AS ${RESULTS}`));
    return database;
  }

  async read<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = this.#idle.pop() ?? (await this.#connect());
    try {
      return await work(connection);
    } finally {
      this.#idle.push(connection);
    }
  }

  /** Runs `work` in a transaction, after every write asked for before it. A throw rolls back. */
  write<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const turn = this.#lastWrite.then(() => this.read((connection) => inTransaction(connection, work)));
    this.#lastWrite = turn.catch(() => undefined);
    return turn;
  }

  /** Waits for writers, moves the write-ahead log into the file, and closes it. */
  async close(): Promise<void> {
    await this.#lastWrite;
    await this.read((connection) => connection.run('CHECKPOINT'));
    for (const connection of this.#idle.splice(0)) connection.closeSync();
    this.#instance.closeSync();
  }

  async #connect(): Promise<DuckDBConnection> {
    const connection = await this.#instance.connect();
    for (const setting of SESSION) await connection.run(setting);
    return connection;
  }
}

async function inTransaction<T>(
  connection: DuckDBConnection,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  await connection.run('BEGIN');
  try {
    const result = await work(connection);
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    // A COMMIT that failed has rolled back already; the first error is the one to tell.
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
