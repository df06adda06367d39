# cohort::torch  : CPU part (libtorch_cpu + libc10), always.
# cohort::torch_cuda : adds libtorch_cuda + libc10_cuda + cudart (needs COHORT_CUDA=ON).
# COHORT_SITE = directory that holds torch/ and nvidia/ (pip --target dir, or the system's dist-packages).
set(_t "${COHORT_SITE}/torch")
if(NOT EXISTS "${_t}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "COHORT_SITE=${COHORT_SITE}: no torch/lib/libtorch_cpu.so below it; deploy/quickstart fetches one")
endif()
# The wheel's include/ also carries google/protobuf 3.13, fmt, pybind11, ...: those shadow Debian's protobuf 3.21.
# So show the compiler only torch's own folders.
set(_inc "${CMAKE_BINARY_DIR}/torch-include")
file(MAKE_DIRECTORY "${_inc}")
foreach(d ATen c10 caffe2 torch)
  file(CREATE_LINK "${_t}/include/${d}" "${_inc}/${d}" SYMBOLIC)
endforeach()
add_library(cohort_torch INTERFACE)
add_library(cohort::torch ALIAS cohort_torch)
target_include_directories(cohort_torch SYSTEM INTERFACE "${_inc}" "${_inc}/torch/csrc/api/include")
target_compile_features(cohort_torch INTERFACE cxx_std_17)
target_link_libraries(cohort_torch INTERFACE "${_t}/lib/libtorch_cpu.so" "${_t}/lib/libc10.so")
target_link_options(cohort_torch INTERFACE "LINKER:--allow-shlib-undefined")
if(COHORT_CUDA)
  if(NOT EXISTS "${_t}/lib/libtorch_cuda.so")
    message(FATAL_ERROR "COHORT_SITE=${COHORT_SITE}: no torch/lib/libtorch_cuda.so below it; `tests/run --cuda-build` fetches one")
  endif()
  add_library(cohort_torch_cuda INTERFACE)
  add_library(cohort::torch_cuda ALIAS cohort_torch_cuda)
  # Nothing refers to libtorch_cuda by symbol (it registers itself when it is loaded): keep it although "unneeded".
  target_link_libraries(cohort_torch_cuda INTERFACE cohort_torch cohort_cuda_runtime
    "-Wl,--no-as-needed,${_t}/lib/libtorch_cuda.so,${_t}/lib/libc10_cuda.so,--as-needed")
endif()
