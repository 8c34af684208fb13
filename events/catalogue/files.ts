import { asyncapi } from './asyncapi.ts';
import { eventsPage } from './markdown.ts';

/** What is generated from the schemas, and where it is kept. */
export const CATALOGUE_FILES = [
  { name: 'events/asyncapi.yaml', url: new URL('../asyncapi.yaml', import.meta.url), content: asyncapi },
  { name: 'docs/events.md', url: new URL('../../docs/events.md', import.meta.url), content: eventsPage },
];
