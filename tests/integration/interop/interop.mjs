// Drives a running daemon with clients nobody here wrote, @grpc/grpc-js and `buf curl`, through both services, and
// compares what they get: the same steps must give the same floats by every way.
//
// usage: node interop.mjs RECURD MODELS PROTO   the daemon's program, a model repository with "digits", the folder proto/
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const [recurd, models, proto] = process.argv.slice(2);
const buf = path.resolve('node_modules/.bin/buf');
const steps = 12, inputSize = 8;
const inputs = Array.from({ length: steps * inputSize }, (_, i) => Math.fround((i * 37 % 16) + 0.25));

function load(file) {
  const options = { keepCase: true, longs: String, enums: String, defaults: true, includeDirs: [proto] };
  return grpc.loadPackageDefinition(loadSync(path.join(proto, file), options));
}

async function startDaemon() {
  const child = spawn(recurd, ['--listen=127.0.0.1:0', '--metrics_listen=off', `--model_repository=${models}`],
                      { stdio: ['ignore', 'inherit', 'pipe'] });
  for await (const line of createInterface({ input: child.stderr })) {
    const port = /serves .* on \S*:(\d+) \(/.exec(line)?.[1];
    if (port) return { child, address: `127.0.0.1:${port}` };
  }
  throw new Error('the daemon did not start');
}

const unary = (client, method, request) =>
  new Promise((resolve, reject) => client[method](request, (error, reply) => error ? reject(error) : resolve(reply)));

// Writes all requests at once, closes the sending side and gives all replies.
function exchange(stream, requests) {
  return new Promise((resolve, reject) => {
    const replies = [];
    stream.on('data', reply => replies.push(reply));
    stream.on('error', reject);
    stream.on('end', () => resolve(replies));
    for (const request of requests) stream.write(request);
    stream.end();
  });
}

// `buf curl` takes any number of requests as JSON, one behind the other, and prints the replies the same way.
function bufCurl(address, method, ...requests) {
  const out = execFileSync(buf, ['curl', '--schema', proto, '--protocol', 'grpc', '--http2-prior-knowledge', '--data',
                                 '@-', `http://${address}/${method}`],
                           { input: requests.map(r => JSON.stringify(r)).join('\n'), encoding: 'utf8', timeout: 60000 });
  return out.split(/^(?=\{)/m).filter(text => text.trim()).map(text => JSON.parse(text));
}

const chunk = (first, count, more = {}) =>
  ({ first_step: first, inputs: inputs.slice(first * inputSize, (first + count) * inputSize), ...more });

function floatsOf(raw) {
  const bytes = Buffer.from(raw, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}

const tensorBytes = values => Buffer.from(Float32Array.from(values).buffer);
const single = numbers => Array.from(numbers, Math.fround);

function kserveRequest(first, count, parameters, raw) {
  const values = inputs.slice(first * inputSize, (first + count) * inputSize);
  const input = { name: 'pixels', datatype: 'FP32', shape: [count, 1, inputSize] };
  return raw
    ? { model_name: 'digits', inputs: [input], raw_input_contents: [tensorBytes(values)], parameters }
    : { model_name: 'digits', inputs: [{ ...input, contents: { fp32_contents: values } }], parameters };
}

const sequence = (id, start, end) => ({
  sequence_id: { int64_param: id },
  sequence_start: { bool_param: start },
  sequence_end: { bool_param: end },
});

const checks = {
  async 'grpc-js: Stream'({ native, address, expected }) {
    const replies = await exchange(native.Stream(), [
      { open: { model: 'digits' } }, { chunk: chunk(0, 5) }, { chunk: chunk(9, 1) }, { chunk: chunk(5, 7) }]);
    assert.equal(replies[0].opened.session_id.length, 32, address);
    assert.equal(replies[2].refused.expected_step, '5');
    assert.deepEqual([...replies[1].outputs.outputs, ...replies[3].outputs.outputs], expected);
    assert.equal(replies[4].ended.reason, 'CLOSED');
  },
  async 'grpc-js: attach to a session whose client went away'({ native, expected }) {
    const first = native.Stream();
    const opened = new Promise(resolve => first.once('data', resolve));
    first.on('error', () => {});
    first.write({ open: { model: 'digits' } });
    const id = (await opened).opened.session_id;
    const answered = new Promise(resolve => first.once('data', resolve));
    first.write({ chunk: chunk(0, 4) });
    const head = (await answered).outputs.outputs;
    first.cancel();
    const replies = await exchange(native.Stream(), [{ open: { mode: 'ATTACH', session_id: id } }, { chunk: chunk(4, 8) }]);
    assert.equal(replies[0].opened.next_step, '4');
    assert.deepEqual([...head, ...replies[1].outputs.outputs], expected);
  },
  async 'grpc-js: errors carry their code and text'({ native }) {
    await assert.rejects(unary(native, 'Infer', { model: 'nobody' }),
                         error => error.code === grpc.status.NOT_FOUND && /digits/.test(error.details));
    await assert.rejects(unary(native, 'Infer', { model: 'digits', inputs: [1] }),
                         error => error.code === grpc.status.INVALID_ARGUMENT);
  },
  async 'grpc-js: health'({ health }) {
    assert.equal((await unary(health, 'Check', { service: 'digits' })).status, 'SERVING');
  },
  async 'grpc-js: ModelInfer of a sequence, typed and raw'({ kserve, expected }) {
    const got = [];
    for (const [first, count, raw] of [[0, 3, true], [3, 4, false], [7, 5, true]]) {
      const reply = await unary(kserve, 'ModelInfer', kserveRequest(first, count, sequence('42', first === 0, first === 7), raw));
      got.push(...floatsOf(reply.raw_output_contents[0]));
    }
    assert.deepEqual(got, expected);
  },
  async 'grpc-js: ModelStreamInfer of two interleaved sequences'({ kserve, expected }) {
    const requests = [];
    for (let t = 0; t < steps; ++t) {
      for (const id of ['1', '2']) requests.push(kserveRequest(t, 1, sequence(id, t === 0, t === steps - 1), id === '1'));
    }
    const replies = await exchange(kserve.ModelStreamInfer(), requests);
    for (const one of [0, 1]) {
      const mine = replies.filter((_, i) => i % 2 === one);
      assert.deepEqual(mine.flatMap(r => floatsOf(r.infer_response.raw_output_contents[0])), expected);
    }
  },
  async 'buf curl: Infer, ListModels, GetServerInfo'({ address, expected }) {
    const [reply] = bufCurl(address, 'recurd.v1.Recurrent/Infer', { model: 'digits', inputs });
    assert.deepEqual(single(reply.outputs), expected);
    assert.equal(bufCurl(address, 'recurd.v1.Recurrent/ListModels', {})[0].models.find(m => m.name === 'digits').state, 'READY');
    assert.ok(bufCurl(address, 'recurd.v1.Recurrent/GetServerInfo', {})[0].apiMinor >= 3);
  },
  async 'buf curl: Stream'({ address, expected }) {
    const replies = bufCurl(address, 'recurd.v1.Recurrent/Stream', { open: { model: 'digits' } },
                            { chunk: chunk(0, 6) }, { chunk: chunk(6, 6) });
    assert.deepEqual(single([...replies[1].outputs.outputs, ...replies[2].outputs.outputs]), expected);
    assert.equal(replies[3].ended.reason, 'CLOSED');
  },
  async 'buf curl: ModelInfer and ServerMetadata'({ address, expected }) {
    const request = kserveRequest(0, steps, {}, false);
    const [reply] = bufCurl(address, 'inference.GRPCInferenceService/ModelInfer', request);
    assert.deepEqual(floatsOf(reply.rawOutputContents[0]), expected);
    assert.equal(bufCurl(address, 'inference.GRPCInferenceService/ServerMetadata', {})[0].name, 'recurd');
  },
};

const { child, address } = await startDaemon();
let failed = 0;
try {
  const plain = grpc.credentials.createInsecure();
  const context = {
    address,
    native: new (load('recurd/v1/recurd.proto').recurd.v1.Recurrent)(address, plain),
    kserve: new (load('inference/grpc_predict_v2.proto').inference.GRPCInferenceService)(address, plain),
    health: new (load('grpc/health/v1/health.proto').grpc.health.v1.Health)(address, plain),
  };
  const whole = await unary(context.native, 'Infer', { model: 'digits', inputs });
  assert.equal(whole.outputs.length, steps * 10);
  context.expected = whole.outputs;
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check(context);
      console.log(`ok      ${name}`);
    } catch (error) {
      ++failed;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
} finally {
  child.kill('SIGTERM');
}
const code = await new Promise(resolve => child.once('exit', resolve));
assert.equal(code, 0, 'the daemon did not drain');
process.exit(failed === 0 ? 0 : 1);
