import { describe, expect, it } from 'vitest';
import { EventTopic } from '../../../infra/components/event-topic.ts';
import { declare, find, KEY, names, PROJECT, REGION } from './declare.ts';

describe('a topic', () => {
  it.each([true, false])(
    'keeps what passed for 31 days, under the key, in its region, protected: %s',
    async (protect) => {
      const declared = await declare(() => {
        const { topic } = new EventTopic('drops', { project: PROJECT, region: REGION, kmsKey: KEY, protect });
        return { topic };
      });
      expect(names(declared)).toEqual(['Topic drops']);
      const { inputs, ...topic } = find(declared, 'Topic', 'drops');
      expect(topic.protect).toBe(protect);
      expect(inputs).toEqual({
        project: PROJECT,
        name: 'drops',
        kmsKeyName: KEY,
        messageRetentionDuration: '2678400s',
        messageStoragePolicy: { allowedPersistenceRegions: [REGION] },
      });
      expect(declared.answer).toEqual({ topic: `projects/${PROJECT}/topics/drops` });
    },
  );
});
