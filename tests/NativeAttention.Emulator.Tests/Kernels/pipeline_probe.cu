// A warp-specialised product C = A B^T of bf16 tiles, for the tests of the emulator: real compiler output with tensor
// maps (one a parameter, two in global memory), mbarriers, wgmma, named barriers, setmaxnreg and a tensor store. Warp
// 0 fills a ring of three stages, two warpgroups of 64 rows each multiply and hand the stages back. Made into
// pipeline_probe.ptx by: clang-19 -x cuda --cuda-device-only --cuda-gpu-arch=sm_90a -nocudainc -nocudalib -std=c++17
//   -O3 -S -Xclang -target-feature -Xclang +ptx80 pipeline_probe.cu -o pipeline_probe.ptx
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __launch_bounds__(n) __attribute__((launch_bounds(n)))
typedef unsigned int u32;
typedef unsigned long long u64;
struct alignas(64) TensorMap {
  u64 opaque[16];
};
static constexpr int kStages = 3;
static constexpr int kRows = 128;  // of A and of B in a tile
static constexpr int kDepth = 64;  // elements along k in a tile, one row of the 128-byte swizzle
static constexpr u32 kTileBytes = kRows * kDepth * 2;
static constexpr u32 kBarriers = 2 * kStages * kTileBytes;  // full[stage], then empty[stage]

extern __shared__ __attribute__((aligned(1024))) unsigned char shared_memory[];

static __device__ inline u32 thread() { return __nvvm_read_ptx_sreg_tid_x(); }
static __device__ inline u32 base() {
  u32 a;
  asm("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }" : "=r"(a) : "l"(shared_memory));
  return a;
}
static __device__ inline void barrier_init(u32 at, u32 count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at), "r"(count) : "memory");
}
static __device__ inline void barrier_expect(u32 at, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at), "r"(bytes) : "memory");
}
static __device__ inline void barrier_arrive(u32 at) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(at) : "memory");
}
static __device__ inline void barrier_wait(u32 at, u32 parity) {
  asm volatile(
      "{ .reg .pred done;\n"
      "W%=: mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@!done bra W%=; }" ::"r"(at),
      "r"(parity)
      : "memory");
}
static __device__ inline void load_tile(u32 to, u64 map, int k, int row, u32 barrier) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::"r"(
          to),
      "l"(map), "r"(k), "r"(row), "r"(barrier)
      : "memory");
}
// K-major rows of 128 bytes under the 128-byte swizzle, eight rows every 1024 bytes.
static __device__ inline u64 descriptor(u32 at) {
  return (u64)((at & 0x3FFFF) >> 4) | (1ull << 16) | (64ull << 32) | (1ull << 62);
}
#define OUT8(i)                                                                                               \
  "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), \
      "+f"(d[i + 7])
static __device__ inline void multiply(float (&d)[64], u64 a, u64 b, int adds) {
  asm volatile(
      "{ .reg .pred p; setp.ne.b32 p, %66, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 "
      "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%"
      "29,"
      "%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%"
      "57,"
      "%58,%59,%60,%61,%62,%63}, %64, %65, p, 1, 1, 0, 0; }"
      : OUT8(0), OUT8(8), OUT8(16), OUT8(24), OUT8(32), OUT8(40), OUT8(48), OUT8(56)
      : "l"(a), "l"(b), "r"(adds));
}

static __device__ inline void produce(u32 smem, u64 map_a, u64 map_b, int row, int column, int tiles) {
  for (int i = 0; i < tiles; ++i) {
    const u32 stage = i % kStages, full = smem + kBarriers + 8 * stage;
    barrier_wait(full + 8 * kStages, (i / kStages & 1) ^ 1);
    barrier_expect(full, 2 * kTileBytes);
    load_tile(smem + stage * kTileBytes, map_a, i * kDepth, row, full);
    load_tile(smem + (kStages + stage) * kTileBytes, map_b, i * kDepth, column, full);
  }
}

static __device__ inline void consume(float (&d)[64], u32 smem, u32 group, int tiles) {
  for (int i = 0; i < tiles; ++i) {
    const u32 stage = i % kStages, full = smem + kBarriers + 8 * stage;
    barrier_wait(full, i / kStages & 1);
    const u64 a = descriptor(smem + stage * kTileBytes + group * 64 * kDepth * 2);
    const u64 b = descriptor(smem + (kStages + stage) * kTileBytes);
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
    for (int k = 0; k < kDepth / 16; ++k) multiply(d, a + 2 * k, b + 2 * k, i + k);
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
    if (i > 0 && thread() % 32 == 0) barrier_arrive(smem + kBarriers + 8 * (kStages + (i - 1) % kStages));
  }
  asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
}

extern "C" __global__ void __launch_bounds__(384)
    pipeline_probe(const TensorMap map_a, const TensorMap* maps, int tiles) {
  const u32 smem = base(), group = thread() / 128;
  if (thread() == 0) {
    for (int i = 0; i < kStages; ++i) {
      barrier_init(smem + kBarriers + 8 * i, 1);
      barrier_init(smem + kBarriers + 8 * (kStages + i), 8);
    }
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  asm volatile("bar.sync 0;" ::: "memory");
  const int row = __nvvm_read_ptx_sreg_ctaid_x() * kRows, column = __nvvm_read_ptx_sreg_ctaid_y() * kRows;
  if (group == 0) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
    if (thread() == 0) {
      u64 map;
      asm("{ .reg .b64 t; mov.b64 t, pipeline_probe_param_0; cvta.param.u64 %0, t; }" : "=l"(map));
      produce(smem, map, (u64)maps, row, column, tiles);
    }
    return;
  }
  asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
  float d[64] = {};
  consume(d, smem, group - 1, tiles);
  // The stages are free now; the tile of C takes their place.
  asm volatile("bar.sync 1, 256;" ::: "memory");
  const u32 lane = thread() % 32, first = (group - 1) * 64 + thread() / 32 % 4 * 16 + lane / 4;
#pragma unroll
  for (int v = 0; v < 64; v += 2) {
    const u32 at = smem + ((first + 8 * (v >> 1 & 1)) * kRows + 8 * (v >> 2) + 2 * (lane % 4)) * 4;
    asm volatile("st.shared.v2.f32 [%0], {%1, %2};" ::"r"(at), "f"(d[v]), "f"(d[v + 1]) : "memory");
  }
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  asm volatile("bar.sync 1, 256;" ::: "memory");
  if (thread() == 128) {
    asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%1, %2}], [%3];" ::"l"((u64)(maps + 1)),
                 "r"(column), "r"(row), "r"(smem)
                 : "memory");
    asm volatile("cp.async.bulk.commit_group;" ::: "memory");
    asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
  }
}
