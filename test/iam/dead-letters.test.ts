import { expect, test } from 'vitest';
import { recordBoth } from '../infra/recorded-program.ts';
import { deadLetterAll } from './dead-letter-drill.ts';

test.each([
  'nonprod/pubsub-agent-train-dead-letter-pubsub.publisher',
  'nonprod/pubsub-agent-train-pubsub.subscriber',
])('without %s a message that train cannot handle is kept, and delivered again', async (without) => {
  const given = await deadLetterAll(await recordBoth({ without: [without] }), () => {});
  expect(given.length).toBeGreaterThan(5);
  expect(given).not.toContain('projects/baton-nonprod/subscriptions/train');
});
