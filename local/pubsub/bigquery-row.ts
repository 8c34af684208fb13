import type { TableField } from '../boundaries.ts';
import { invalidArgument } from './errors.ts';
import type { StoredMessage } from './message.ts';
import type { BigQueryConfig } from './subscription-config.ts';

export type Row = Record<string, unknown>;

/**
 * The row that a BigQuery subscription writes for a message.
 *
 * @throws INVALID_ARGUMENT when the message doesn't fit the table
 */
export function rowOf(
  message: StoredMessage,
  subscription: string,
  config: BigQueryConfig,
  columns: readonly TableField[],
): Row {
  const types = new Map(columns.map((column) => [column.name, column.type.toUpperCase()]));
  const row = config.useTableSchema ? fieldsOf(message, config, types) : dataColumn(message, types);
  return config.writeMetadata ? { ...row, ...metadata(message, subscription, types) } : row;
}

function dataColumn(message: StoredMessage, types: Map<string, string>): Row {
  const type = types.get('data');
  if (!type) throw invalidArgument('The table has no column named data.');
  const data = Buffer.from(message.data);
  if (type === 'BYTES') return { data: data.toString('base64') };
  return { data: type === 'JSON' ? parseJson(data) : data.toString('utf8') };
}

function fieldsOf(message: StoredMessage, config: BigQueryConfig, types: Map<string, string>): Row {
  const fields = parseJson(Buffer.from(message.data));
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw invalidArgument(
      `Message ${message.messageId} is no JSON object, so it has no fields for the table's columns.`,
    );
  }
  const known = Object.entries(fields).filter(([name]) => {
    if (types.has(name)) return true;
    if (config.dropUnknownFields) return false;
    throw invalidArgument(
      `Message ${message.messageId} has the field ${name}, which is no column of the table.`,
    );
  });
  return Object.fromEntries(known);
}

/** All but the data: what has no column of its own is in `attributes`. */
function metadata(message: StoredMessage, subscription: string, types: Map<string, string>): Row {
  const attributes: Record<string, string> = { ...message.attributes };
  if (message.orderingKey) attributes.ordering_key = message.orderingKey;
  return {
    subscription_name: subscription,
    message_id: message.messageId,
    publish_time: new Date(message.publishTime).toISOString(),
    attributes: types.get('attributes') === 'JSON' ? attributes : JSON.stringify(attributes),
  };
}

function parseJson(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString('utf8'));
  } catch {
    throw invalidArgument('The data of the message is not JSON.');
  }
}
