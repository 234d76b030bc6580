// lanes: a pool of threads that run independent pieces of work.
//
// Samples never talk to each other, so a batch is cut into lanes that run alone. How many lanes is
// a setting of the run, part of its numbers; how many threads pick them up is not: the same lanes
// merged in the same order give the same bits on any number of threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace gradvar {

class LanePool {
 public:
  // The calling thread counts as one: LanePool(1) starts none. Throws std::invalid_argument unless
  // 1 <= threads <= 1024.
  explicit LanePool(int threads);
  LanePool(const LanePool&) = delete;
  LanePool& operator=(const LanePool&) = delete;
  ~LanePool();

  [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Runs task(0) .. task(count - 1), each once, in any order, and returns when all are done. When
  // tasks throw, the exception of the lowest-numbered one is thrown again here.
  void run(int count, const std::function<void(int)>& task);

  // The half-open range of the i-th of `parts` nearly equal pieces of [0, size).
  struct Range {
    std::int64_t begin;
    std::int64_t end;
  };
  [[nodiscard]] static Range piece(std::int64_t size, int parts, int i);

 private:
  struct Job {
    const std::function<void(int)>* task = nullptr;
    int count = 0;
  };
  void work();
  void stop();  // and joins
  void take_tasks(const Job& job);

  std::vector<std::thread> workers_;
  Job job_;
  std::atomic<std::uint64_t> round_{0};  // a new value is a new job
  std::atomic<int> next_{0};
  std::atomic<int> working_{0};  // workers still inside the current round
  std::atomic<bool> stopping_{false};
  std::mutex failure_mutex_;
  std::exception_ptr failure_;
  int failed_task_ = 0;
};

}  // namespace gradvar
