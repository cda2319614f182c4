// A compact flash-attention forward of one head per grid row, bf16, head dim 64, for the tests of the emulator: real
// compiler output with mma, ldmatrix, a swizzled double buffer filled by cp.async, and masks for the tail and for
// causal order. Four warps of 16 query rows. Made into flash_probe.ptx by: clang-19 -x cuda --cuda-device-only
// --cuda-gpu-arch=sm_80 -nocudainc -nocudalib -std=c++17 -O3 -S
//   -Xclang -target-feature -Xclang +ptx70 flash_probe.cu -o flash_probe.ptx
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __launch_bounds__(n) __attribute__((launch_bounds(n)))
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned long long u64;
struct Params {
  const u16* q;
  const u16* k;
  const u16* v;
  u16* o;
  float* lse;
  long long sS, sH;
  int S, D, causal;
  float scale;
};
static __device__ inline u32 tid() { return __nvvm_read_ptx_sreg_tid_x(); }
static __device__ inline void ldm4(u32* r, u32 a) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(a));
}
static __device__ inline void ldm4t(u32* r, u32 a) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(a));
}
static __device__ inline void mma(float* c, const u32* a, u32 b0, u32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
static __device__ inline float ex2(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
static __device__ inline float lg2(float x) {
  float y;
  asm("lg2.approx.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
static __device__ inline float shx1(float x) {
  float y;
  asm volatile("shfl.sync.bfly.b32 %0, %1, 1, 31, 0xffffffff;" : "=f"(y) : "f"(x));
  return y;
}
static __device__ inline float shx2(float x) {
  float y;
  asm volatile("shfl.sync.bfly.b32 %0, %1, 2, 31, 0xffffffff;" : "=f"(y) : "f"(x));
  return y;
}
static __device__ inline u32 pk(float lo, float hi) {
  u32 r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(hi), "f"(lo));
  return r;
}
static __device__ inline void cpa(u32 d, const void* s, int n) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(d), "l"(s), "r"(n) : "memory");
}
static __device__ inline void commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N>
static __device__ inline void waitg() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}
extern __shared__ __attribute__((aligned(128))) unsigned char smem[];
static __device__ inline u32 sbase() {
  u32 r;
  asm("{ .reg .u64 t; cvta.to.shared.u64 t, %1; cvt.u32.u64 %0, t; }" : "=r"(r) : "l"(smem));
  return r;
}
// tile 64x64 bf16 rows of 128 bytes, xor swizzle
static __device__ inline u32 sw(u32 row, u32 chunk) { return row * 128 + ((chunk ^ (row & 7)) * 16); }
extern "C" __global__ __launch_bounds__(128) void flash(Params p) {
  const int t = tid(), w = t >> 5, lane = t & 31;
  const int q0 = __nvvm_read_ptx_sreg_ctaid_x() * 64, h = __nvvm_read_ptx_sreg_ctaid_y();
  const u32 sb = sbase(), sQ = sb, sK = sb + 8192, sV = sb + 8192 + 16384;
  const u16 *q = p.q + h * p.sH, *k = p.k + h * p.sH, *v = p.v + h * p.sH;
  u16* o = p.o + h * p.sH;
  auto load = [&](const u16* g, int r0, u32 s) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      int c = t + i * 128, row = c >> 3, ch = c & 7;
      int ok = (r0 + row) < p.S;
      cpa(s + sw(row, ch), g + (long long)(ok ? r0 + row : 0) * p.sS + ch * 8, ok ? 16 : 0);
    }
  };
  load(q, q0, sQ);
  commit();
  int nkv = (p.S + 63) / 64;
  if (p.causal) {
    int m = (q0 + 64 + 63) / 64;
    nkv = nkv < m ? nkv : m;
  }
  load(k, 0, sK);
  load(v, 0, sV);
  commit();
  waitg<1>();
  asm volatile("bar.sync 0;" ::: "memory");
  u32 qf[4][4];
#pragma unroll
  for (int kk = 0; kk < 4; kk++) ldm4(qf[kk], sQ + sw(w * 16 + (lane & 15), kk * 2 + (lane >> 4)));
  float acc[8][4] = {};
  float m0 = -__builtin_inff(), m1 = -__builtin_inff(), l0 = 0, l1 = 0;
  const float sc = p.scale * 1.44269504f;
  const int r0 = q0 + w * 16 + (lane >> 2);
  for (int j = 0; j < nkv; j++) {
    u32 st = (j & 1) * 8192;
    if (j + 1 < nkv) {
      load(k, (j + 1) * 64, sK + (8192 - st));
      load(v, (j + 1) * 64, sV + (8192 - st));
    }
    commit();
    waitg<1>();
    asm volatile("bar.sync 0;" ::: "memory");
    float s[8][4] = {};
#pragma unroll
    for (int kk = 0; kk < 4; kk++)
#pragma unroll
      for (int n = 0; n < 4; n++) {
        u32 b[4];
        ldm4(b, sK + st + sw(n * 16 + (lane & 7) + ((lane >> 4) << 3), kk * 2 + ((lane >> 3) & 1)));
        mma(s[2 * n], qf[kk], b[0], b[1]);
        mma(s[2 * n + 1], qf[kk], b[2], b[3]);
      }
    bool tail = (j * 64 + 64 > p.S) || (p.causal && j * 64 + 63 > q0 + w * 16);
    if (tail) {
#pragma unroll
      for (int n = 0; n < 8; n++)
#pragma unroll
        for (int e = 0; e < 4; e++) {
          int c = j * 64 + n * 8 + (lane & 3) * 2 + (e & 1);
          int r = r0 + (e >> 1) * 8;
          if (c >= p.S || (p.causal && c > r)) s[n][e] = -__builtin_inff();
        }
    }
    float x0 = m0, x1 = m1;
#pragma unroll
    for (int n = 0; n < 8; n++) {
      x0 = __builtin_fmaxf(x0, __builtin_fmaxf(s[n][0] * sc, s[n][1] * sc));
      x1 = __builtin_fmaxf(x1, __builtin_fmaxf(s[n][2] * sc, s[n][3] * sc));
    }
    x0 = __builtin_fmaxf(x0, shx1(x0));
    x0 = __builtin_fmaxf(x0, shx2(x0));
    x1 = __builtin_fmaxf(x1, shx1(x1));
    x1 = __builtin_fmaxf(x1, shx2(x1));
    float y0 = x0 == -__builtin_inff() ? 0 : x0, y1 = x1 == -__builtin_inff() ? 0 : x1;
    float f0 = ex2(m0 - y0), f1 = ex2(m1 - y1);
    m0 = x0;
    m1 = x1;
    float a0 = 0, a1 = 0;
    u32 pf[4][4];
#pragma unroll
    for (int n = 0; n < 8; n++) {
      float e0 = ex2(s[n][0] * sc - y0), e1 = ex2(s[n][1] * sc - y0), e2 = ex2(s[n][2] * sc - y1),
            e3 = ex2(s[n][3] * sc - y1);
      a0 += e0 + e1;
      a1 += e2 + e3;
      pf[n >> 1][(n & 1) * 2] = pk(e0, e1);
      pf[n >> 1][(n & 1) * 2 + 1] = pk(e2, e3);
    }
    l0 = l0 * f0 + a0;
    l1 = l1 * f1 + a1;
#pragma unroll
    for (int n = 0; n < 8; n++) {
      acc[n][0] *= f0;
      acc[n][1] *= f0;
      acc[n][2] *= f1;
      acc[n][3] *= f1;
    }
#pragma unroll
    for (int kk = 0; kk < 4; kk++)
#pragma unroll
      for (int n = 0; n < 4; n++) {
        u32 b[4];
        ldm4t(b, sV + st + sw(kk * 16 + (lane & 15), n * 2 + (lane >> 4)));
        mma(acc[2 * n], pf[kk], b[0], b[1]);
        mma(acc[2 * n + 1], pf[kk], b[2], b[3]);
      }
    asm volatile("bar.sync 0;" ::: "memory");
  }
  waitg<0>();
  l0 += shx1(l0);
  l0 += shx2(l0);
  l1 += shx1(l1);
  l1 += shx2(l1);
  float i0 = l0 > 0 ? 1.0f / l0 : 0, i1 = l1 > 0 ? 1.0f / l1 : 0;
#pragma unroll
  for (int n = 0; n < 8; n++) {
    int c = n * 8 + (lane & 3) * 2;
    if (r0 < p.S) *(u32*)(o + (long long)r0 * p.sS + c) = pk(acc[n][0] * i0, acc[n][1] * i0);
    if (r0 + 8 < p.S) *(u32*)(o + (long long)(r0 + 8) * p.sS + c) = pk(acc[n][2] * i1, acc[n][3] * i1);
  }
  if ((lane & 3) == 0) {
    float* L = p.lse + (long long)h * p.S;
    if (r0 < p.S) L[r0] = (m0 + lg2(l0)) * 0.69314718f;
    if (r0 + 8 < p.S) L[r0 + 8] = (m1 + lg2(l1)) * 0.69314718f;
  }
}
