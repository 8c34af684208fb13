import type { Bucket, Buckets } from './buckets.ts';
import {
  declaredNotification,
  isSameNotification,
  type NotificationConfig,
  type NotificationDeclaration,
} from './notification-config.ts';

/** The notifications of buckets, kept in the buckets' own files. */
export class BucketNotifications {
  readonly #buckets: Buckets;

  constructor(buckets: Buckets) {
    this.#buckets = buckets;
  }

  /** Adds a notification under the next free number. */
  add(bucket: Bucket, config: Omit<NotificationConfig, 'id'>): NotificationConfig {
    const last = Math.max(0, ...bucket.notifications.map(({ id }) => Number(id)));
    const notification = { id: String(last + 1), ...config };
    bucket.notifications.push(notification);
    this.#buckets.save(bucket);
    return notification;
  }

  /** Adds the notification unless the bucket has one just like it. Throws INVALID_ARGUMENT. */
  declare(bucket: Bucket, declaration: NotificationDeclaration): NotificationConfig {
    const wanted = declaredNotification(declaration);
    const present = bucket.notifications.find((config) => isSameNotification(config, wanted));
    return present ?? this.add(bucket, wanted);
  }

  /** Takes back a declared notification; one that is gone already needs nothing. Throws INVALID_ARGUMENT. */
  withdraw(bucket: Bucket, declaration: NotificationDeclaration): void {
    const unwanted = declaredNotification(declaration);
    bucket.notifications = bucket.notifications.filter((config) => !isSameNotification(config, unwanted));
    this.#buckets.save(bucket);
  }
}
