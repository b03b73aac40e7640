import { test } from 'node:test';
import { PREFACE } from '../support/raw-http2.ts';
import { http2Corpus } from './corpus.ts';
import { probe, RUNS } from './probe.ts';

const SEED = 20_261_123;

void test(`${RUNS} damaged HTTP/2 connections: nobody dies, nothing unsigned or unasked reaches Bedrock`, async () => {
  // Behind a damaged preface it would be HTTP/1, which has a test of its own.
  await probe(http2Corpus(), SEED, PREFACE.length);
});
