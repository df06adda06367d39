# The CUDA configuration (COHORT_CUDA=ON): the language, the toolkit's libraries, NCCL. Needs a toolkit, no GPU.
#
# cohort::cuda_runtime : cudart and the toolkit's headers.
# cohort::cublas_lt    : cublasLt besides.
# cohort::nccl_library : NCCL; only common/nccl uses it.
#
# nvcc is the one below COHORT_SITE (deploy/lib/toolchain.sh puts it there) or, where there is none, the one that CMake finds; CMAKE_CUDA_COMPILER names
# another. CMAKE_CUDA_ARCHITECTURES names other GPUs than Hopper, such as "80-real;90a-real".
set(_toolkit "${COHORT_SITE}/nvidia/cu13")
if(NOT CMAKE_CUDA_COMPILER AND EXISTS "${_toolkit}/bin/nvcc")
  set(CMAKE_CUDA_COMPILER "${_toolkit}/bin/nvcc" CACHE FILEPATH "nvcc" FORCE)
endif()
set(CMAKE_CUDA_ARCHITECTURES 90a-real CACHE STRING "GPUs to compile for")
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)  # LibTorch's libcudart.so.13: a process has one CUDA runtime.
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know nvcc's flag for C++20.
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  list(APPEND CMAKE_CUDA_COMPILE_FEATURES cuda_std_20)
endif()
set(CMAKE_CUDA_STANDARD 20)  # After enable_language, whose own test would fail with it.
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_EXTENSIONS OFF)
set(CMAKE_CUDA_FLAGS_RELEASE "-O3")
if(CCACHE_PROGRAM AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
if(CMAKE_VERSION VERSION_LESS 3.31 AND NOT TARGET CUDA::nvToolsExt)
  add_library(CUDA::nvToolsExt INTERFACE IMPORTED)  # FindCUDAToolkit of CMake 3.25 stumbles over its absence in CUDA 13.
endif()
find_package(CUDAToolkit 13.0 REQUIRED)

add_library(cohort_cuda_runtime INTERFACE)
add_library(cohort::cuda_runtime ALIAS cohort_cuda_runtime)
target_include_directories(cohort_cuda_runtime SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
target_link_libraries(cohort_cuda_runtime INTERFACE CUDA::cudart)

add_library(cohort_cublas_lt INTERFACE)
add_library(cohort::cublas_lt ALIAS cohort_cublas_lt)
target_link_libraries(cohort_cublas_lt INTERFACE cohort_cuda_runtime CUDA::cublasLt)

find_library(NCCL_LIBRARY NAMES nccl HINTS "${COHORT_SITE}/nvidia/nccl/lib" REQUIRED)
find_path(NCCL_INCLUDE_DIR nccl.h HINTS "${COHORT_SITE}/nvidia/nccl/include" REQUIRED)
add_library(cohort_nccl_library INTERFACE)
add_library(cohort::nccl_library ALIAS cohort_nccl_library)
target_include_directories(cohort_nccl_library SYSTEM INTERFACE "${NCCL_INCLUDE_DIR}")
target_link_libraries(cohort_nccl_library INTERFACE cohort_cuda_runtime "${NCCL_LIBRARY}")
