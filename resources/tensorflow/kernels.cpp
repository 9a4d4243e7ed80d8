/**
 * Kernels for TensorFlow's processor: what it computes by a dozen operators, each with a pass over memory of its own,
 * in one. `saim engines install tensorflow` compiles them with the addon, against TensorFlow's C interface. All tensors
 * are float32.
 */
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "node_api.h"
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

#define INLINE static inline __attribute__((always_inline))

/** Work<lanes>::run, compiled for processors that compute so many values at once; this one takes what it can. */
template <template <int> class Work, typename... Arguments>
__attribute__((target("avx512f"))) static void by16(Arguments... arguments) {
  Work<16>::run(arguments...);
}
template <template <int> class Work, typename... Arguments>
__attribute__((target("avx2,fma"))) static void by8(Arguments... arguments) {
  Work<8>::run(arguments...);
}
template <template <int> class Work, typename... Arguments>
static void by4(Arguments... arguments) {
  Work<4>::run(arguments...);
}
template <template <int> class Work, typename... Arguments>
static void onThisProcessor(Arguments... arguments) {
  if (__builtin_cpu_supports("avx512f"))
    by16<Work>(arguments...);
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    by8<Work>(arguments...);
  else
    by4<Work>(arguments...);
}

// ---- what TensorFlow asks -------------------------------------------------------------------------------------------

using Shape = std::vector<int64_t>;

static int64_t sizeOf(const Shape& shape) {
  int64_t size = 1;
  for (int64_t length : shape) size *= length;
  return size;
}

/** A node's attributes; those that its operator does not have keep these values. */
struct Attributes {
  float epsilon = 0;
  int heads = 1, images = 1, causal = 0;
};

/** Thrown where TensorFlow has no memory, of which its status tells. */
struct Failed {};

/** One run of a node. */
class Call {
 public:
  const Attributes& attributes;

  Call(const Attributes& attributes, TF_OpKernelContext* context) : attributes(attributes), context(context) {}
  ~Call() {
    for (TF_Tensor* tensor : tensors) TF_DeleteTensor(tensor);
    if (TF_GetCode(status) != TF_OK) TF_OpKernelContext_Failure(context, status);
    TF_DeleteStatus(status);
  }

  const float* input(int i) { return values(tensor(i)); }

  Shape shape(int i) {
    TF_Tensor* input = tensor(i);
    Shape sizes(TF_NumDims(input));
    for (size_t axis = 0; axis < sizes.size(); axis++) sizes[axis] = TF_Dim(input, axis);
    return sizes;
  }

  /** Memory for output i. */
  float* output(int i, const Shape& shape) {
    return values(keep(
        TF_AllocateOutput(context, i, TF_FLOAT, shape.data(), shape.size(), sizeOf(shape) * sizeof(float), status)));
  }

 private:
  TF_OpKernelContext* context;
  TF_Status* status = TF_NewStatus();
  std::vector<TF_Tensor*> tensors;

  TF_Tensor* keep(TF_Tensor* tensor) {
    if (!tensor) throw Failed();
    tensors.push_back(tensor);
    return tensor;
  }
  TF_Tensor* tensor(int i) {
    TF_Tensor* input = nullptr;
    TF_GetInput(context, i, &input, status);
    return keep(input);
  }
  static float* values(TF_Tensor* tensor) { return static_cast<float*>(TF_TensorData(tensor)); }
};

/** Threads that share one operator, as TensorFlow's own do. */
static int64_t threadsOfOperator() {
  static const char* const threads = std::getenv("TF_NUM_INTRAOP_THREADS");
  return std::max(1, threads ? std::atoi(threads) : 1);
}

/** Operations for which it pays to start a thread. */
constexpr int64_t worthAThread = 1'000'000;

/** Divides what is to be done `count` times, of so many operations each, among threads: body(thread, begin, end). */
template <typename Body>
static void parallel(int64_t count, int64_t operations, Body body) {
  const int64_t threads = std::clamp<int64_t>(count * operations / worthAThread, 1, threadsOfOperator());
  std::vector<std::thread> others;
  for (int64_t i = 1; i < threads; i++) others.emplace_back(body, i, i * count / threads, (i + 1) * count / threads);
  body(0, 0, count / threads);
  for (std::thread& other : others) other.join();
}

// ---- GELU -----------------------------------------------------------------------------------------------------------

/** The polynomial of x with these factors, from the highest power to the lowest. */
template <typename... Factors>
INLINE float polynomial(float x, float highest, Factors... others) {
  ((highest = highest * x + others), ...);
  return highest;
}

/** exp(x) of x <= 0: 2ⁿ exp(r) with r = x - n ln 2, |r| <= ½ ln 2, by its Taylor series. */
INLINE float exponential(float x) {
  x = x < -87.f ? -87.f : x;
  const int n = static_cast<int>(x * 1.44269504f - .5f);
  const float r = (x - n * .693359375f) - n * -2.12194440e-4f;
  const int bits = (n + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return power * polynomial(r, 1.f / 720, 1.f / 120, 1.f / 24, 1.f / 6, 1.f / 2, 1.f, 1.f);
}

/** Φ(x) and φ(x) of the normal distribution; Abramowitz and Stegun 7.1.26, wrong by 7.5e-8 at most. */
struct Normal {
  float cumulative, density;
};
INLINE Normal normal(float x) {
  const float z = std::fabs(x) * .707106781f;
  const float t = 1 / (1 + .3275911f * z);
  const float e = exponential(-z * z);
  const float tail = .5f * e * polynomial(t, 1.061405429f, -1.453152027f, 1.421413741f, -.284496736f, .254829592f, 0.f);
  return {x < 0 ? tail : 1 - tail, .398942280f * e};
}

template <int lanes>
struct GeluOf {
  INLINE void run(const float* x, float* y, int64_t size) {
    for (int64_t i = 0; i < size; i++) y[i] = x[i] * normal(x[i]).cumulative;
  }
};

template <int lanes>
struct GeluGradientOf {
  INLINE void run(const float* dy, const float* x, float* dx, int64_t size) {
    for (int64_t i = 0; i < size; i++) {
      const Normal at = normal(x[i]);
      dx[i] = dy[i] * (at.cumulative + x[i] * at.density);
    }
  }
};

/** y = x Φ(x). */
static void gelu(Call& call) {
  const Shape shape = call.shape(0);
  const float* x = call.input(0);
  float* y = call.output(0, shape);
  parallel(sizeOf(shape), 30,
           [=](int, int64_t begin, int64_t end) { onThisProcessor<GeluOf>(x + begin, y + begin, end - begin); });
}

/** dx = dy (Φ(x) + x φ(x)). */
static void geluGradient(Call& call) {
  const Shape shape = call.shape(0);
  const float *dy = call.input(0), *x = call.input(1);
  float* dx = call.output(0, shape);
  parallel(sizeOf(shape), 30, [=](int, int64_t begin, int64_t end) {
    onThisProcessor<GeluGradientOf>(dy + begin, x + begin, dx + begin, end - begin);
  });
}

// ---- LayerNorm ------------------------------------------------------------------------------------------------------

template <int lanes>
struct LayerNormOf {
  INLINE void run(const float* x, const float* gain, const float* bias, float epsilon, float* y, float* means,
                  float* inverses, int64_t rows, int64_t width) {
    for (int64_t row = 0; row < rows; row++, x += width, y += width) {
      float sum = 0, squares = 0;
      for (int64_t i = 0; i < width; i++) sum += x[i];
      const float mean = sum / width;
      for (int64_t i = 0; i < width; i++) squares += (x[i] - mean) * (x[i] - mean);
      const float inverse = 1 / std::sqrt(squares / width + epsilon);
      for (int64_t i = 0; i < width; i++) y[i] = (x[i] - mean) * inverse * gain[i] + bias[i];
      means[row] = mean;
      inverses[row] = inverse;
    }
  }
};

template <int lanes>
struct LayerNormGradientOf {
  INLINE void run(const float* dy, const float* x, const float* gain, const float* means, const float* inverses,
                  float* dx, float* dGain, float* dBias, int64_t rows, int64_t width) {
    for (int64_t row = 0; row < rows; row++, dy += width, x += width, dx += width) {
      const float mean = means[row], inverse = inverses[row];
      float sum = 0, sumOfProducts = 0;
      for (int64_t i = 0; i < width; i++) {
        const float normalised = (x[i] - mean) * inverse, g = dy[i] * gain[i];
        sum += g;
        sumOfProducts += g * normalised;
        dGain[i] += dy[i] * normalised;
        dBias[i] += dy[i];
      }
      const float meanOfG = sum / width, meanOfProducts = sumOfProducts / width;
      for (int64_t i = 0; i < width; i++) {
        const float normalised = (x[i] - mean) * inverse;
        dx[i] = (dy[i] * gain[i] - meanOfG - normalised * meanOfProducts) * inverse;
      }
    }
  }
};

/** x [R, C] -> y [R, C] = (x - mean) / √(variance + ε) gain + bias, mean [R, 1], 1 / √(variance + ε) [R, 1]. */
static void layerNorm(Call& call) {
  const Shape shape = call.shape(0);
  const int64_t rows = shape[0], width = shape[1];
  const float *x = call.input(0), *gain = call.input(1), *bias = call.input(2);
  float *y = call.output(0, shape), *means = call.output(1, {rows, 1}), *inverses = call.output(2, {rows, 1});
  const float epsilon = call.attributes.epsilon;
  parallel(rows, 10 * width, [=](int, int64_t begin, int64_t end) {
    onThisProcessor<LayerNormOf>(x + begin * width, gain, bias, epsilon, y + begin * width, means + begin,
                                 inverses + begin, end - begin, width);
  });
}

/** Of dy [R, C] the gradients of x [R, C], gain [C] and bias [C], by the formula of ops/layer-norm.ts. */
static void layerNormGradient(Call& call) {
  const Shape shape = call.shape(0);
  const int64_t rows = shape[0], width = shape[1], threads = threadsOfOperator();
  const float *dy = call.input(0), *x = call.input(1), *gain = call.input(2);
  const float *means = call.input(3), *inverses = call.input(4);
  float* dx = call.output(0, shape);
  float *dGain = call.output(1, {width}), *dBias = call.output(2, {width});
  std::vector<float> sums(2 * threads * width);  // of each thread, for gain and bias
  float* const all = sums.data();
  parallel(rows, 10 * width, [=](int thread, int64_t begin, int64_t end) {
    float* own = all + 2 * thread * width;
    onThisProcessor<LayerNormGradientOf>(dy + begin * width, x + begin * width, gain, means + begin, inverses + begin,
                                         dx + begin * width, own, own + width, end - begin, width);
  });
  for (int64_t i = 0; i < width; i++) {
    dGain[i] = dBias[i] = 0;
    for (int64_t thread = 0; thread < threads; thread++) {
      dGain[i] += all[2 * thread * width + i];
      dBias[i] += all[(2 * thread + 1) * width + i];
    }
  }
}

// ---- attention ------------------------------------------------------------------------------------------------------

/** Values that a processor computes at once. */
template <int lanes>
struct Vector {
  typedef float Type __attribute__((vector_size(4 * lanes), aligned(4)));
};

/** The width in whole vectors. */
template <int lanes>
INLINE int64_t padded(int64_t width) {
  return (width + lanes - 1) / lanes * lanes;
}

/** A matrix in memory: from a row to the next, and from a column to the next. */
struct Matrix {
  const float* values;
  int64_t row, column;
};

/** c [rows, vectors * lanes] = a [rows, depth] b [depth, vectors * lanes], whose sums stay in registers. */
template <int lanes, int rows, int vectors>
INLINE void productOfBlock(Matrix a, const float* b, int64_t rowOfB, float* c, int64_t rowOfC, int64_t depth) {
  using Lanes = typename Vector<lanes>::Type;
  Lanes sums[rows][vectors] = {};
  for (int64_t k = 0; k < depth; k++, b += rowOfB)
    for (int row = 0; row < rows; row++)
      for (int vector = 0; vector < vectors; vector++)
        sums[row][vector] += a.values[row * a.row + k * a.column] * *reinterpret_cast<const Lanes*>(b + vector * lanes);
  for (int row = 0; row < rows; row++)
    for (int vector = 0; vector < vectors; vector++)
      *reinterpret_cast<Lanes*>(c + row * rowOfC + vector * lanes) = sums[row][vector];
}

/** c [rows, width] = a [rows, depth] b [depth, width], the width whole vectors. */
template <int lanes, int rows>
INLINE void productOfRows(Matrix a, const float* b, int64_t rowOfB, float* c, int64_t rowOfC, int64_t depth,
                          int64_t width) {
  int64_t column = 0;
  for (; column + 2 * lanes <= width; column += 2 * lanes)
    productOfBlock<lanes, rows, 2>(a, b + column, rowOfB, c + column, rowOfC, depth);
  if (column < width) productOfBlock<lanes, rows, 1>(a, b + column, rowOfB, c + column, rowOfC, depth);
}

/** Rows whose sums the registers hold together. */
constexpr int64_t blockRows = 4;

template <int lanes>
INLINE void product(int64_t rows, Matrix a, const float* b, int64_t rowOfB, float* c, int64_t rowOfC, int64_t depth,
                    int64_t width) {
  if (rows == blockRows) return productOfRows<lanes, blockRows>(a, b, rowOfB, c, rowOfC, depth, width);
  for (int64_t row = 0; row < rows; row++)
    productOfRows<lanes, 1>({a.values + row * a.row, a.row, a.column}, b, rowOfB, c + row * rowOfC, rowOfC, depth,
                            width);
}

/** Sizes of one head's attention. Heads lie beside one another in rows of `stride` values. */
struct Head {
  int64_t queries, keys, width, stride;
  bool causal;

  /** Keys that the rows before `end` see. */
  int64_t seen(int64_t end) const { return causal ? end : keys; }
  /** Queries from which on a row sees key `key`. */
  int64_t seeing(int64_t key) const { return causal ? key : 0; }
  float scale() const { return 1 / std::sqrt(float(width)); }
};

/** [rows, width] of rows that lie `stride` apart -> [rows, padded<lanes>(width)]. */
template <int lanes>
INLINE void pack(const float* x, int64_t rows, int64_t width, int64_t stride, float* packed) {
  for (int64_t row = 0; row < rows; row++, x += stride, packed += padded<lanes>(width))
    for (int64_t i = 0; i < width; i++) packed[i] = x[i];
}

/** The same transposed, -> [width, padded<lanes>(rows)]. */
template <int lanes>
INLINE void packTransposed(const float* x, int64_t rows, int64_t width, int64_t stride, float* packed) {
  for (int64_t row = 0; row < rows; row++)
    for (int64_t i = 0; i < width; i++) packed[i * padded<lanes>(rows) + row] = x[row * stride + i];
}

template <int lanes>
INLINE void unpack(const float* packed, int64_t rows, int64_t width, int64_t stride, float* x) {
  for (int64_t row = 0; row < rows; row++, x += stride, packed += padded<lanes>(width))
    for (int64_t i = 0; i < width; i++) x[i] = packed[i];
}

/** y = softmax(scale x) of the first `seen` values, and 0 for the others. */
INLINE void softmax(const float* x, float* y, int64_t seen, int64_t size, float scale) {
  float most = x[0], sum = 0;
  for (int64_t i = 1; i < seen; i++) most = x[i] > most ? x[i] : most;
  for (int64_t i = 0; i < seen; i++) sum += y[i] = exponential((x[i] - most) * scale);
  const float inverse = 1 / sum;
  for (int64_t i = 0; i < seen; i++) y[i] *= inverse;
  for (int64_t i = seen; i < size; i++) y[i] = 0;
}

/** Memory for what a head computes on the way, the same for all heads. */
class Scratch {
 public:
  float* of(size_t i, int64_t size) {
    if (i >= parts.size()) parts.resize(i + 1);
    parts[i].resize(size);
    return parts[i].data();
  }

 private:
  std::vector<std::vector<float>> parts;
};

template <int lanes>
struct AttentionOf {
  INLINE void run(const Head head, const float* q, const float* k, const float* v, float* mixed, float* probabilities,
                  Scratch& scratch) {
    const int64_t width = padded<lanes>(head.width), keys = padded<lanes>(head.keys);
    float* const transposedKeys = scratch.of(0, head.width * keys);
    float* const values = scratch.of(1, head.keys * width);
    float* const scores = scratch.of(2, blockRows * keys);
    float* const sums = scratch.of(3, blockRows * width);
    packTransposed<lanes>(k, head.keys, head.width, head.stride, transposedKeys);
    pack<lanes>(v, head.keys, head.width, head.stride, values);
    for (int64_t begin = 0; begin < head.queries; begin += blockRows) {
      const int64_t end = std::min(begin + blockRows, head.queries), rows = end - begin, seen = head.seen(end);
      float* const p = probabilities + begin * head.keys;
      product<lanes>(rows, {q + begin * head.stride, head.stride, 1}, transposedKeys, keys, scores, keys, head.width,
                     padded<lanes>(seen));
      for (int64_t row = 0; row < rows; row++)
        softmax(scores + row * keys, p + row * head.keys, head.seen(begin + row + 1), head.keys, head.scale());
      product<lanes>(rows, {p, head.keys, 1}, values, width, sums, width, seen, width);
      unpack<lanes>(sums, rows, head.width, head.stride, mixed + begin * head.stride);
    }
  }
};

/** With P the probabilities: dP = dO Vᵀ, dS = P (dP - Σ P dP), dQ = dS K / √D, dK = dSᵀ Q / √D, dV = Pᵀ dO. */
template <int lanes>
struct AttentionGradientOf {
  INLINE void run(const Head head, const float* dMixed, const float* q, const float* k, const float* v,
                  const float* probabilities, float* dq, float* dk, float* dv, Scratch& scratch) {
    const int64_t width = padded<lanes>(head.width), keys = padded<lanes>(head.keys);
    float* const transposedValues = scratch.of(0, head.width * keys);
    float* const packedKeys = scratch.of(1, head.keys * width);
    float* const packedQueries = scratch.of(2, head.queries * width);
    float* const packedGradient = scratch.of(3, head.queries * width);
    float* const dScores = scratch.of(4, head.queries * keys);
    float* const sums = scratch.of(5, blockRows * width);
    packTransposed<lanes>(v, head.keys, head.width, head.stride, transposedValues);
    pack<lanes>(k, head.keys, head.width, head.stride, packedKeys);
    pack<lanes>(q, head.queries, head.width, head.stride, packedQueries);
    pack<lanes>(dMixed, head.queries, head.width, head.stride, packedGradient);
    for (int64_t begin = 0; begin < head.queries; begin += blockRows) {
      const int64_t end = std::min(begin + blockRows, head.queries), rows = end - begin, seen = head.seen(end);
      float* const ds = dScores + begin * keys;
      product<lanes>(rows, {packedGradient + begin * width, width, 1}, transposedValues, keys, ds, keys, head.width,
                     padded<lanes>(seen));
      for (int64_t row = 0; row < rows; row++) {
        const float* const p = probabilities + (begin + row) * head.keys;
        float* const dp = ds + row * keys;
        float sum = 0;
        for (int64_t i = 0; i < seen; i++) sum += p[i] * dp[i];
        for (int64_t i = 0; i < seen; i++) dp[i] = p[i] * (dp[i] - sum) * head.scale();
      }
      product<lanes>(rows, {ds, keys, 1}, packedKeys, width, sums, width, seen, width);
      unpack<lanes>(sums, rows, head.width, head.stride, dq + begin * head.stride);
    }
    for (int64_t begin = 0; begin < head.keys; begin += blockRows) {
      const int64_t rows = std::min(blockRows, head.keys - begin), first = head.seeing(begin);
      const int64_t depth = head.queries - first;
      product<lanes>(rows, {dScores + first * keys + begin, 1, keys}, packedQueries + first * width, width, sums, width,
                     depth, width);
      unpack<lanes>(sums, rows, head.width, head.stride, dk + begin * head.stride);
      product<lanes>(rows, {probabilities + first * head.keys + begin, 1, head.keys}, packedGradient + first * width,
                     width, sums, width, depth, width);
      unpack<lanes>(sums, rows, head.width, head.stride, dv + begin * head.stride);
    }
  }
};

/** The head that both kernels begin with: q [B T, C] is input i, k [B S, C] the next. */
static Head headOf(Call& call, int i) {
  const Attributes& its = call.attributes;
  const Shape q = call.shape(i), k = call.shape(i + 1);
  return {q[0] / its.images, k[0] / its.images, q[1] / its.heads, q[1], its.causal != 0};
}

/** For each head of each image body(head of all, where its queries, its keys and its probabilities begin, scratch). */
template <typename Body>
static void forEachHead(Call& call, const Head& head, Body body) {
  const int64_t heads = call.attributes.heads, all = heads * call.attributes.images;
  parallel(all, 4 * head.queries * head.keys * head.width, [=](int, int64_t begin, int64_t end) {
    Scratch scratch;
    for (int64_t i = begin; i < end; i++) {
      const int64_t image = i / heads, column = i % heads * head.width;
      body(image * head.queries * head.stride + column, image * head.keys * head.stride + column,
           i * head.queries * head.keys, scratch);
    }
  });
}

/**
 * q [B T, C], k and v [B S, C] -> softmax(q kᵀ / √D) v [B T, C] by heads of D columns, and the probabilities
 * [B heads T, S]. Where it is causal, row i of an image sees rows 0 .. i; what it does not see is not computed.
 */
static void attention(Call& call) {
  const Head head = headOf(call, 0);
  const int64_t heads = call.attributes.heads * call.attributes.images;
  const float *q = call.input(0), *k = call.input(1), *v = call.input(2);
  float *mixed = call.output(0, call.shape(0)), *p = call.output(1, {heads * head.queries, head.keys});
  forEachHead(call, head, [=](int64_t query, int64_t key, int64_t probability, Scratch& scratch) {
    onThisProcessor<AttentionOf>(head, q + query, k + key, v + key, mixed + query, p + probability, scratch);
  });
}

/** Of d mixed [B T, C] the gradients of q, k and v. */
static void attentionGradient(Call& call) {
  const Head head = headOf(call, 1);
  const float *dMixed = call.input(0), *q = call.input(1), *k = call.input(2), *v = call.input(3), *p = call.input(4);
  float *dq = call.output(0, call.shape(1)), *dk = call.output(1, call.shape(2)), *dv = call.output(2, call.shape(2));
  forEachHead(call, head, [=](int64_t query, int64_t key, int64_t probability, Scratch& scratch) {
    onThisProcessor<AttentionGradientOf>(head, dMixed + query, q + query, k + key, v + key, p + probability, dq + query,
                                         dk + key, dv + key, scratch);
  });
}

// ---- registration ---------------------------------------------------------------------------------------------------

/** Of each output the input that has its shape, or this. */
constexpr int unknown = -1;

template <int... like>
static void inferShapes(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  int output = 0;
  for (int input : {like...}) {
    if (input != unknown) {
      TF_ShapeInferenceContextGetInput(context, input, shape, status);
      TF_ShapeInferenceContextSetOutput(context, output, shape, status);
    }
    output++;
  }
  TF_DeleteShapeHandle(shape);
}

static void* readAttributes(TF_OpKernelConstruction* construction) {
  auto* attributes = new Attributes;
  TF_Status* status = TF_NewStatus();
  const auto has = [=](const char* name) { return TF_OpKernelConstruction_HasAttr(construction, name, status); };
  if (has("epsilon")) TF_OpKernelConstruction_GetAttrFloat(construction, "epsilon", &attributes->epsilon, status);
  const auto read = [=](const char* name, int& value) {
    if (has(name)) TF_OpKernelConstruction_GetAttrInt32(construction, name, &value, status);
  };
  read("heads", attributes->heads);
  read("images", attributes->images);
  read("causal", attributes->causal);
  if (TF_GetCode(status) != TF_OK) TF_OpKernelConstruction_Failure(construction, status);
  TF_DeleteStatus(status);
  return attributes;
}

template <void compute(Call&)>
static void run(void* attributes, TF_OpKernelContext* context) {
  Call call(*static_cast<Attributes*>(attributes), context);
  try {
    compute(call);
  } catch (const Failed&) {
  }
}

using Names = std::vector<const char*>;

template <void compute(Call&), int... like>
static void add(const char* name, const Names& inputs, const Names& outputs, const Names& attributes = {}) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  for (const char* input : inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* output : outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  for (const char* attribute : attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, inferShapes<like...>);
  TF_RegisterOpDefinition(definition, status);
  TF_RegisterKernelBuilder(name,
                           TF_NewKernelBuilder(name, "CPU", readAttributes, run<compute>,
                                               [](void* all) { delete static_cast<Attributes*>(all); }),
                           status);
  TF_DeleteStatus(status);
}

/** Node calls this in each thread that loads the file. */
extern "C" __attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env, napi_value exports) {
  static std::once_flag once;
  std::call_once(once, [] {
    add<gelu, 0>("SaimGelu", {"x: float"}, {"y: float"});
    add<geluGradient, 0>("SaimGeluGradient", {"dy: float", "x: float"}, {"dx: float"});
    add<layerNorm, 0, unknown, unknown>("SaimLayerNorm", {"x: float", "gain: float", "bias: float"},
                                        {"y: float", "mean: float", "inverse: float"}, {"epsilon: float"});
    add<layerNormGradient, 0, 2, 2>("SaimLayerNormGradient",
                                    {"dy: float", "x: float", "gain: float", "mean: float", "inverse: float"},
                                    {"dx: float", "dgain: float", "dbias: float"});
    const Names attentionAttributes = {"heads: int", "images: int", "causal: int"};
    add<attention, 0, unknown>("SaimAttention", {"q: float", "k: float", "v: float"},
                               {"mixed: float", "probabilities: float"}, attentionAttributes);
    add<attentionGradient, 1, 2, 2>("SaimAttentionGradient",
                                    {"dmixed: float", "q: float", "k: float", "v: float", "probabilities: float"},
                                    {"dq: float", "dk: float", "dv: float"}, attentionAttributes);
  });
  return exports;
}
