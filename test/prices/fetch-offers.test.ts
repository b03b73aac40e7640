import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, test } from 'node:test';
import { fetchOffers, FetchPricesError } from '../../src/prices/fetch-offers.ts';
import { native, offerFile } from '../domain/pricing/offers/offer-lists.ts';
import { servePrices } from './price-server.ts';

const BOUNDS = { bytesMax: 100_000, timeoutMs: 5000 };
const LIST = JSON.stringify(offerFile('AmazonBedrock', [native('USE1-NovaPro-input-tokens', 'Nova Pro', '0.0008')]));

interface Broken {
  readonly name: string;
  readonly answer: string | RequestListener;
  readonly bounds?: typeof BOUNDS;
  readonly says: RegExp;
}

const BROKEN: readonly Broken[] = [
  {
    name: 'answers 403',
    answer: (_request, response) => void response.writeHead(403).end('no'),
    says: /answered 403$/,
  },
  { name: 'answers what is no list', answer: '{"hello":"world"}', says: /is no price list of AWS$/ },
  { name: 'answers what is no JSON', answer: '<html>', says: /is no price list of AWS$/ },
  { name: 'answers without end', answer: 'x'.repeat(200_000), says: /has more than 100000 bytes$/ },
  {
    name: 'breaks off',
    answer: (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"offerCode":', () => response.destroy());
    },
    says: /index\.json: /,
  },
  {
    name: 'does not answer in time',
    answer: () => undefined,
    bounds: { ...BOUNDS, timeoutMs: 100 },
    says: /index\.json: .*(?:timeout|aborted)/i,
  },
];

describe('fetching the price lists', () => {
  test('asks for the three of Bedrock, without credentials', async () => {
    const server = await servePrices((offer) => LIST.replace('AmazonBedrock', offer));
    try {
      const files = await fetchOffers(server.url, BOUNDS);
      const codes = ['AmazonBedrock', 'AmazonBedrockService', 'AmazonBedrockFoundationModels'];
      assert.deepEqual(
        server.asked,
        codes.map((code) => `/offers/v1.0/aws/${code}/current/index.json`),
      );
      assert.deepEqual(
        files.map(({ offerCode, date, prices }) => [offerCode, date, prices.length]),
        codes.map((code) => [code, '2026-11-20', 1]),
      );
    } finally {
      await server.close();
    }
  });

  for (const { name, answer, bounds = BOUNDS, says } of BROKEN) {
    test(`fails in one line when the place ${name}`, async () => {
      const server = await servePrices((offer) => (offer === 'AmazonBedrockService' ? answer : LIST));
      try {
        await assert.rejects(
          fetchOffers(server.url, bounds),
          (error) => error instanceof FetchPricesError && says.test(error.message) && !error.message.includes('\n'),
        );
      } finally {
        await server.close();
      }
    });
  }

  test('fails in one line when nobody is there', async () => {
    const server = await servePrices(() => LIST);
    await server.close();
    await assert.rejects(fetchOffers(server.url, BOUNDS), FetchPricesError);
  });
});
