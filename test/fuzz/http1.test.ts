import { test } from 'node:test';
import { http1Corpus } from './corpus.ts';
import { probe, RUNS } from './probe.ts';

const SEED = 20_261_122;

void test(`${RUNS} damaged HTTP/1 connections: nobody dies, nothing unsigned or unasked reaches Bedrock`, async () => {
  await probe(http1Corpus(), SEED, 0);
});
