/**
 * The ledger's table, as Pub/Sub writes to it with `writeMetadata` and without a schema. The data are bytes, so that
 * there is no message that doesn't fit.
 */
export const MESSAGES = {
  tableId: 'messages',
  description: 'What was published to the topics of events, at least once.',
  schema: JSON.stringify([
    { name: 'subscription_name', type: 'STRING', description: 'The subscription that wrote the row.' },
    { name: 'message_id', type: 'STRING', description: "Pub/Sub's id of the message." },
    { name: 'publish_time', type: 'TIMESTAMP', description: 'When Pub/Sub took the message.' },
    { name: 'data', type: 'BYTES', description: 'The body: the data of the event, as JSON.' },
    { name: 'attributes', type: 'JSON', description: "The attributes: the event's context, as ce-…" },
  ]),
  timePartitioning: { type: 'DAY', field: 'publish_time' },
};

export const EVENTS = {
  tableId: 'events',
  description: 'Every event once, however often it was published or delivered.',
};

const attribute = (name: string) => `JSON_VALUE(attributes, '$."ce-${name}"')`;

/** CloudEvents are the same when both their source and their id are. */
const SAME_EVENT = `PARTITION BY ${attribute('source')}, ${attribute('id')}`;

/**
 * The query of the view that has each event of the table once: the copy that was published first.
 *
 * @param messages the table's name, `project.dataset.table`
 */
export function eventsQuery(messages: string): string {
  return `SELECT time, type, source, id, subject, run, attempt, sequence, causationid, traceparent, data, published, copies
FROM (
  SELECT
    CAST(${attribute('time')} AS TIMESTAMP) AS time,
    ${attribute('type')} AS type,
    ${attribute('source')} AS source,
    ${attribute('id')} AS id,
    ${attribute('subject')} AS subject,
    ${attribute('correlationid')} AS run,
    CAST(${attribute('attempt')} AS INT64) AS attempt,
    ${attribute('sequence')} AS sequence,
    ${attribute('causationid')} AS causationid,
    ${attribute('traceparent')} AS traceparent,
    SAFE_CONVERT_BYTES_TO_STRING(data) AS data,
    publish_time AS published,
    COUNT(*) OVER (${SAME_EVENT}) AS copies,
    ROW_NUMBER() OVER (${SAME_EVENT} ORDER BY publish_time, message_id) AS copy
  FROM \`${messages}\`
  WHERE ${attribute('id')} IS NOT NULL
)
WHERE copy = 1`;
}
