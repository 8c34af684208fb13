/**
 * What the rooms of the local cloud know of one another. Each Google service here is an engine (state and
 * behaviour) behind a surface (gRPC or REST). A room imports these types, never another room's engine.
 */
export * from './boundaries/access.ts';
export * from './boundaries/api.ts';
export * from './boundaries/logs.ts';
export * from './boundaries/message-broker.ts';
export * from './boundaries/object-store.ts';
export * from './boundaries/processes.ts';
export * from './boundaries/warehouse.ts';
