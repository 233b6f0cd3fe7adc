"""High-quality data sets 高质量数据集: registered with source, licence and quality report, admitted by a reviewer (DAT-08)."""
