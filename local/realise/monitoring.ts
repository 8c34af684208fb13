import { z } from 'zod';
import type { RealisableCloud } from './cloud.ts';
import { type DeclaredResource, read } from './declared.ts';

const Channel = z.object({
  type: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
  enabled: z.boolean().default(true),
});

export function realiseNotificationChannel(resource: DeclaredResource, cloud: RealisableCloud): void {
  cloud.notificationChannels.declare({ name: resource.id, ...read(resource, Channel) });
}
