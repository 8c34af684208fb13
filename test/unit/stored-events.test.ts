import { describe, expect, it } from 'vitest';
import { CONTRACTS } from '../../events/catalogue/catalogue.ts';
import { fromPubsubMessage, parseEvent, toPubsubMessage } from '../../events/index.ts';
import { EVENTS_BEFORE } from '../faults/stored-events.ts';

const contractOf = (name: string) => {
  const contract = CONTRACTS.find((one) => one.name === name);
  if (!contract) throw new Error(`there is no contract of ${name} any more`);
  return contract;
};

describe.each([...EVENTS_BEFORE])('F15 %s of the version before', (name, event) => {
  it('is read by its contract, with nothing of it lost', () => {
    const { data } = parseEvent(contractOf(name), fromPubsubMessage(toPubsubMessage(event)));
    expect(data).toMatchObject(event.data as object);
  });

  it('with attributes and fields of a version to come is read as without them', () => {
    const later = { ...event, data: { ...(event.data as object), later: { than: 'this' } } };
    const { data, attributes } = toPubsubMessage(later);
    const read = fromPubsubMessage({ data, attributes: { ...attributes, 'ce-later': 'than this' } });
    const contract = contractOf(name);
    expect(parseEvent(contract, read)).toEqual(parseEvent(contract, event));
  });

  it('under the next major version is refused, and both types are named', () => {
    const contract = contractOf(name);
    const next = contract.type.replace(/\d+$/, (major) => String(Number(major) + 1));
    expect(() => parseEvent(contract, { ...event, type: next })).toThrow(
      `type ${next}, where ${contract.type}`,
    );
  });
});
