import type { Incident, MessageBroker } from '../boundaries.ts';

/** A notification channel of Cloud Monitoring, as the program declares it. */
export interface NotificationChannel {
  /** `projects/P/notificationChannels/N` */
  name: string;
  /** `pubsub`, `email`… */
  type: string;
  /** What the type needs; `topic` for `pubsub`. */
  labels: Record<string, string>;
  enabled: boolean;
}

export interface NotificationOptions {
  broker: Pick<MessageBroker, 'publish'>;
  /** Throws when Cloud Monitoring's agent of the project may not publish to the topic. */
  mayPublish(project: string, topic: string): void;
  onUndelivered(channel: string, error: unknown): void;
}

/** Cloud Monitoring's notification channels. Those of type `pubsub` deliver; mail and the like have no post here. */
export class NotificationChannels {
  readonly #channels = new Map<string, NotificationChannel>();
  readonly #options: NotificationOptions;

  constructor(options: NotificationOptions) {
    this.#options = options;
  }

  declare(channel: NotificationChannel): void {
    this.#channels.set(channel.name, channel);
  }

  /** Publishes an incident in version 1.2 of the notification schema. What can't be delivered is only reported. */
  notify(name: string, incident: Incident): void {
    const channel = this.#channels.get(name);
    if (channel && (channel.type !== 'pubsub' || !channel.enabled)) return;
    try {
      if (!channel) throw new Error('there is no such channel');
      const { topic } = channel.labels;
      this.#options.mayPublish(name.split('/')[1], topic);
      this.#options.broker.publish(topic, [
        { data: Buffer.from(JSON.stringify({ incident, version: '1.2' })) },
      ]);
    } catch (error) {
      this.#options.onUndelivered(name, error);
    }
  }
}
